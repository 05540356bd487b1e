import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { MUTANTS } from "../../scripts/engine-mutants/index.js";
import { mutated } from "../../scripts/engine-mutants/mutant.js";

const engine = new URL("../../src/engine/", import.meta.url);

/**
 * Folders whose every file must have faults of its own, which `npm run mutants` lets the tests
 * find.
 */
const COVERED = ["lowering/rules", "lowering/passes", "memory"];
/** Types and tables of what the others export. */
const NOTHING_TO_BREAK = ["lowering/rules/rule.ts", "lowering/rules/index.ts"];

describe("the engine's mutants", () => {
  const files = COVERED.flatMap((folder) =>
    readdirSync(new URL(folder, engine), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`),
  );

  it.each(files.filter((file) => !NOTHING_TO_BREAK.includes(file)))("%s has at least two", (file) => {
    expect(MUTANTS.filter((mutant) => mutant.file === file).length).toBeGreaterThanOrEqual(2);
  });

  it("fit the sources: what each replaces is there once, and the tests it names exist", () => {
    const tests = readdirSync(new URL(".", import.meta.url), { recursive: true, encoding: "utf8" }).map(
      (file) => basename(file, ".test.ts"),
    );
    for (const mutant of MUTANTS) {
      const source = readFileSync(new URL(mutant.file, engine), "utf8");
      expect(mutated(mutant, source)).not.toBe(source);
      for (const test of mutant.tests) expect(tests).toContain(test);
    }
  });

  it("have titles of their own", () => {
    const names = MUTANTS.map(({ file, title }) => `${file}: ${title}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
