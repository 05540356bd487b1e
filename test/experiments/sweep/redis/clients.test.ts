import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../support/temporary.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = temporaryFolder();

/** Runs the built command line as if `packages` were not installed. */
function without(packages: string, ...args: string[]) {
  const hook = `${root}test/support/without-packages.mjs`;
  return spawnSync(process.execPath, ["--import", hook, `${root}dist/cli/main.js`, ...args], {
    encoding: "utf8",
    env: { ...process.env, WITHOUT_PACKAGES: packages },
  });
}

const MESSAGE =
  "blindspot: --redis: expected the packages bullmq and ioredis, found them missing; run npm install bullmq ioredis\n";

describe.each(["bullmq", "ioredis", "bullmq,ioredis"])("without the packages %s", (packages) => {
  const server = ["--redis", "redis://127.0.0.1:1"];

  it("A sweep on a Redis server says in one line what to install", () => {
    const sweep = ["sweep", "blocked-learning", "--out", folder.path("sweep"), ...server];
    const { status, stdout, stderr } = without(packages, ...sweep);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: MESSAGE });
  });

  it("A worker says in one line what to install", () => {
    const { status, stdout, stderr } = without(packages, "worker", ...server);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: MESSAGE });
  });
});

it("An experiment on this machine needs no client of Redis", () => {
  const words = ["norm=none", "seed=0", "steps=2", "--jobs", "1", "--out", folder.path("local")];
  const { status, stderr } = without("bullmq,ioredis", "sweep", "blocked-learning", ...words);
  expect({ status, stderr }).toMatchObject({ status: 0 });
});
