import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";
import { removeStaleOutput } from "../../scripts/remove-stale-output.js";
import { temporaryFolder } from "../support/temporary.js";

const folder = temporaryFolder();

function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(folder.path(name)), { recursive: true });
    writeFileSync(folder.path(name), "");
  }
}

it("A build removes the output of removed sources and empty folders, and nothing else", () => {
  write("src/kept.ts", "src/room/kept.ts");
  write("dist/.tsbuildinfo", "dist/kept.js", "dist/kept.js.map", "dist/kept.d.ts", "dist/room/kept.js");
  const stale = ["dist/gone.js", "dist/gone.js.map", "dist/gone.d.ts", "dist/room/gone.js", "dist/old/x.js"];
  write(...stale);
  const removed = removeStaleOutput(folder.path("dist"), folder.path("src"));
  expect(removed.sort()).toEqual(stale.map((name) => folder.path(name)).sort());
  expect(readdirSync(folder.path("dist")).sort()).toEqual([
    ".tsbuildinfo",
    ...["kept.d.ts", "kept.js", "kept.js.map", "room"],
  ]);
  expect(readdirSync(folder.path("dist/room"))).toEqual(["kept.js"]);
  expect(existsSync(folder.path("dist/old"))).toBe(false);
});
