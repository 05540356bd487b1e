import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reproduce } from "../../src/experiments/index.js";
import type { SweepResult } from "../../src/experiments/sweep/result.js";
import { blindspot } from "../support/blindspot.js";
import { temporaryFolder } from "../support/temporary.js";

const folder = temporaryFolder();
const resultIn = (out: string): SweepResult => JSON.parse(readFileSync(`${out}/sweep.json`, "utf8"));

describe("The command sweep in processes of this machine", () => {
  const out = folder.path("sweep");
  const words = ["norm=bn,none", "seed=0,1", "rate=0.05,1e9", "steps=40"];
  const sweep = (...more: string[]) =>
    blindspot("sweep", "blocked-learning", ...words, "--out", out, "--jobs", "2", ...more);

  it("gives each cell the result of the experiment with its settings, and continues after failures", async () => {
    const { code, stdout, stderr } = sweep();
    expect(stderr).toMatch(
      /rate=1000000000,steps=40,norm=bn,seed=0: failed: step \d: expected a finite loss, got Infinity/,
    );
    expect(stdout).toMatch(/^rate=0\.05 .* ± /m);
    expect(stdout).toMatch(
      /^failed: rate=1000000000,steps=40, norm=none, seed=1: step \d: expected a finite loss/m,
    );
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(code).toBe(2);

    const result = resultIn(out);
    expect(result.failures.length).toBe(4);
    const alone = await reproduce("blocked-learning", {
      ...{ out: folder.path("alone"), norms: ["bn", "none"], seeds: [0, 1] },
      overrides: { rate: "0.05", steps: "40" },
    });
    expect(result.cells.map(({ name }) => name)).toEqual(["rate=0.05,steps=40"]);
    expect(result.cells[0].measurements).toEqual(alone.measurements);
    expect(result.cells[0].claims).toEqual(alone.claims);
    const csv = readFileSync(`${out}/sweep.csv`, "utf8").split("\r\n");
    expect(csv.length).toBe(2 + alone.measurements.length * 2);
  });

  it("refuses a folder with results; with --resume it runs only the missing jobs", () => {
    expect(sweep()).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--resume") });
    const before = resultIn(out).cells;
    const jobs = `${out}/jobs`;
    expect(readdirSync(jobs).length).toBe(4);
    const run = (name: string) => `${out}/rate=0.05,steps=40/runs/${name}/summary.json`;
    const kept = statSync(run("bn-seed0")).mtimeMs;
    rmSync(`${jobs}/rate=0.05,steps=40,norm=bn,seed=1.json`);
    rmSync(run("bn-seed1"));
    sweep("--resume");
    expect(statSync(run("bn-seed0")).mtimeMs).toBe(kept);
    expect(readdirSync(jobs).length).toBe(4);
    expect(resultIn(out).cells.map(({ measurements }) => measurements)).toEqual(
      before.map(({ measurements }) => measurements),
    );
  });

  it.each([
    [["blocked-learning", "batch"], /^blindspot: batch: expected key=value,value/],
    [
      ["blocked-learning", "depth=2"],
      /^blindspot: depth: no such setting, expected one of norm, seed, inputs/,
    ],
    [["blocked-learning", "batch=1"], /^blindspot: batch=1: expected a whole number from 2\n$/],
    [["gans"], /^blindspot: experiment gans: expected one of/],
    [["blocked-learning", "--jobs", "0"], /^blindspot: .*expected a whole number from 1/],
    [["blocked-learning", "--scale", "huge"], /^blindspot: .*smoke, cpu, paper/],
    [["blocked-learning", "--out", "/proc/sweep"], /^blindspot: \/proc\/sweep.*cannot be made/],
    [[], /^blindspot: missing required argument 'experiment'/],
  ] as const)("refuses %j in one line", (args, message) => {
    const { code, stdout, stderr } = blindspot("sweep", ...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n").length).toBe(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});
