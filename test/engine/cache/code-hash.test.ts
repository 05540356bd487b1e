import { mkdirSync, renameSync, rmSync } from "node:fs";
import { beforeEach, expect, it } from "vitest";
import { codeHash } from "../../../src/engine/cache/code-hash.js";
import { temporaryFolder } from "../../support/temporary.js";

const { path, write } = temporaryFolder();
const hash = (...folders: string[]) => codeHash(folders, path("dist"));

beforeEach(() => {
  rmSync(path("dist"), { recursive: true, force: true });
  for (const folder of ["dist/engine/rules", "dist/audit", "dist/report"])
    mkdirSync(path(folder), { recursive: true });
  write("package.json", JSON.stringify({ name: "blindspot", version: "1.0.0" }));
  for (const file of [
    "tensor.js",
    "engine/lower.js",
    "engine/rules/dot.js",
    "audit/measure.js",
    "report/json.js",
  ])
    write(`dist/${file}`, "export const one = 1;");
});

it("the hash of the engine's own code is that of these files, the same each time", () => {
  expect(codeHash(["engine"])).toMatch(/^[0-9a-f]{64}$/);
  expect(codeHash(["engine"])).toBe(codeHash(["engine"]));
  expect(codeHash(["engine"])).not.toBe(codeHash(["engine", "audit"]));
});

it.each([
  ["a line changed", () => write("dist/engine/rules/dot.js", "export const one = 2;")],
  ["a source of TypeScript", () => write("dist/engine/rules/new.ts", "")],
  ["a new file", () => write("dist/engine/new.js", "")],
  ["a file renamed", () => renameSync(path("dist/engine/lower.js"), path("dist/engine/lowers.js"))],
  [
    "code that moved from one file to the next",
    () => {
      write("dist/engine/lower.js", "");
      write("dist/engine/rules/dot.js", "export const one = 1;export const one = 1;");
    },
  ],
  ["what lies beside the folder", () => write("dist/tensor.js", "export const one = 2;")],
  ["package.json", () => write("package.json", JSON.stringify({ name: "blindspot", version: "1.0.1" }))],
])("changes with %s", (_, change) => {
  const before = hash("engine");
  change();
  expect(hash("engine")).not.toBe(before);
});

it.each([
  ["another folder", () => write("dist/report/json.js", "")],
  ["declarations", () => write("dist/engine/lower.d.ts", "")],
  ["source maps", () => write("dist/engine/lower.js.map", "")],
])("does not change with %s", (_, change) => {
  const before = hash("engine");
  change();
  expect(hash("engine")).toBe(before);
});

it("there is none where the code is not laid out as ours, as in a bundle", () => {
  expect(hash("engine", "elsewhere")).toBeUndefined();
  write("package.json", JSON.stringify({ name: "an-app" }));
  expect(hash("engine")).toBeUndefined();
  rmSync(path("package.json"));
  expect(hash("engine")).toBeUndefined();
});
