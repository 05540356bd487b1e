import { mkdirSync, renameSync, rmSync } from "node:fs";
import { beforeEach, expect, it } from "vitest";
import { codeHash } from "../../../src/engine/cache/code-hash.js";
import { temporaryFolder } from "../../support/temporary.js";

const { path, write } = temporaryFolder();
const hash = (...folders: string[]) => codeHash(folders, path("dist"));

beforeEach(() => {
  rmSync(path("dist"), { recursive: true, force: true });
  for (const folder of ["dist/base", "dist/engine/rules", "dist/audit", "dist/report"])
    mkdirSync(path(folder), { recursive: true });
  write("package.json", JSON.stringify({ name: "blindspot", version: "1.0.0" }));
  for (const file of [
    "index.js",
    "base/tensor.js",
    "engine/lower.js",
    "engine/rules/dot.js",
    "audit/measure.js",
    "report/json.js",
  ])
    write(`dist/${file}`, "export const one = 1;");
});

it("The hash of the same folders is the same each time, and differs for other folders", () => {
  expect(codeHash(["engine"])).toMatch(/^[0-9a-f]{64}$/);
  expect(codeHash(["engine"])).toBe(codeHash(["engine"]));
  expect(codeHash(["engine"])).not.toBe(codeHash(["engine", "audit"]));
});

it.each([
  ["a changed line", () => write("dist/engine/rules/dot.js", "export const one = 2;")],
  ["a new TypeScript file", () => write("dist/engine/rules/new.ts", "")],
  ["a new file", () => write("dist/engine/new.js", "")],
  ["a renamed file", () => renameSync(path("dist/engine/lower.js"), path("dist/engine/lowers.js"))],
  [
    "code that moves from one file to the next",
    () => {
      write("dist/engine/lower.js", "");
      write("dist/engine/rules/dot.js", "export const one = 1;export const one = 1;");
    },
  ],
  ["a change in another listed folder", () => write("dist/base/tensor.js", "export const one = 2;")],
  ["package.json", () => write("package.json", JSON.stringify({ name: "blindspot", version: "1.0.1" }))],
])("The hash changes with %s", (_, change) => {
  const before = hash("base", "engine");
  change();
  expect(hash("base", "engine")).not.toBe(before);
});

it.each([
  ["a file beside the folders", () => write("dist/index.js", "export const one = 2;")],
  ["a folder that is not listed", () => write("dist/report/json.js", "")],
  ["declarations", () => write("dist/engine/lower.d.ts", "")],
  ["source maps", () => write("dist/engine/lower.js.map", "")],
])("The hash does not change with %s", (_, change) => {
  const before = hash("engine");
  change();
  expect(hash("engine")).toBe(before);
});

it("There is no hash where the folders are missing or belong to another package, as in a bundle", () => {
  expect(hash("engine", "elsewhere")).toBeUndefined();
  write("package.json", JSON.stringify({ name: "an-app" }));
  expect(hash("engine")).toBeUndefined();
  rmSync(path("package.json"));
  expect(hash("engine")).toBeUndefined();
});
