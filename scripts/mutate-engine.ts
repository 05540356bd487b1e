/**
 * Whether the engine's tests notice faults: npm run mutants [-- words of titles or files]
 * Works on a copy of the sources; applies one mutant after another and runs the tests named for it. A mutant that all of them
 * pass has survived. Exit code 1 if one did.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { MUTANTS, type Mutant } from "./engine-mutants.js";

const root = resolve(import.meta.dirname, "..");
const copy = mkdtempSync(join(tmpdir(), "blindspot-mutants-"));
process.on("exit", () => rmSync(copy, { recursive: true }));
for (const part of ["src", "test/engine", "package.json", "tsconfig.json", "vitest.config.ts"])
  cpSync(join(root, part), join(copy, part), { recursive: true });
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));

const words = process.argv.slice(2);
const chosen = MUTANTS.filter(({ file, title }) => words.every((word) => `${file} ${title}`.includes(word)));
const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
if (!passes(tests)) throw new Error(`the tests ${tests.join(", ")} fail without any mutant`);
const survivors = chosen.filter((mutant) => !isFound(mutant));
console.log(`${chosen.length - survivors.length} of ${chosen.length} mutants are found`);
for (const { file, title } of survivors) console.log(`survived: ${file}: ${title}`);
process.exitCode = survivors.length > 0 ? 1 : 0;

function isFound({ file, title, find, replace, tests }: Mutant): boolean {
  const path = join(copy, "src/engine", file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) throw new Error(`${file}: expected "${find}" once`);
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  const found = !passes(tests);
  writeFileSync(path, source);
  console.log(`${found ? "found   " : "SURVIVED"} ${file}: ${title}`);
  return found;
}

function passes(tests: readonly string[]): boolean {
  const files = tests.map((test) => `test/engine/${test}.test.ts`);
  const run = spawnSync("npx", ["vitest", "run", "--bail", "1", ...files], { cwd: copy, encoding: "utf8" });
  const output = run.stdout + run.stderr;
  if (/Transform failed|PARSE_ERROR|SyntaxError/.test(output)) throw new Error(`no program:\n${output}`);
  return run.status === 0;
}
