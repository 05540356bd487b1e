import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { MUTANTS } from "../../scripts/engine-mutants/index.js";
import { mutated, parseMutants } from "../../scripts/engine-mutants/mutant.js";

const engine = new URL("../../src/engine/", import.meta.url);

/**
 * Folders whose every file must have faults of its own, which `npm run mutants` lets the tests
 * find.
 */
const COVERED = ["lowering/rules", "lowering/passes", "memory"];
/** Files that hold types, and tables of other files' exports. */
const NOTHING_TO_BREAK = ["lowering/rules/rule.ts", "lowering/rules/index.ts"];

describe("Mutants of the engine", () => {
  const files = COVERED.flatMap((folder) =>
    readdirSync(new URL(folder, engine), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file}`),
  );

  it.each(files.filter((file) => !NOTHING_TO_BREAK.includes(file)))("%s has at least two mutants", (file) => {
    expect(MUTANTS.filter((mutant) => mutant.file === file).length).toBeGreaterThanOrEqual(2);
  });

  it("The code that a mutant replaces occurs once in its file, and the tests of its list exist", () => {
    const tests = readdirSync(new URL(".", import.meta.url), { recursive: true, encoding: "utf8" }).map(
      (file) => basename(file, ".test.ts"),
    );
    for (const mutant of MUTANTS) {
      const source = readFileSync(new URL(mutant.file, engine), "utf8");
      expect(mutated(mutant, source)).not.toBe(source);
      for (const test of mutant.tests) expect(tests).toContain(test);
    }
  });

  it("Mutants of one file have different titles", () => {
    const names = MUTANTS.map(({ file, title }) => `${file}: ${title}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe("A list of mutants", () => {
  const list = [
    "tests: one, two",
    "tests: three",
    "",
    "# adds twice",
    "- total += value;",
    "+ total += 2 * value;",
    "",
    "# never ends",
    "- if (done) {",
    "-   return total;",
    "- }",
    "",
    "tests: four",
    "# returns the wrong sum",
    "- return total;",
    "+ return 0;",
  ].join("\n");
  const source = "total +=\n  value; if (done) { return total; } rest();";

  it("A mutant has the tests of the nearest lines above it", () => {
    const tests = ["one", "two", "three"];
    expect(parseMutants("sum.ts", list).map((mutant) => mutant.tests)).toEqual([tests, tests, ["four"]]);
  });

  it("White space and line breaks do not matter, and code without a replacement is removed", () => {
    const [twice, endless] = parseMutants("sum.ts", list);
    expect(mutated(twice, source)).toBe("total += 2 * value; if (done) { return total; } rest();");
    expect(mutated(endless, source)).toBe("total +=\n  value;  rest();");
  });

  it.each([
    ["twice", "return total; return\ntotal;", "got it 2 times: return total;"],
    ["not at all", "", "got it 0 times: return total;"],
  ])("Code that occurs %s is refused", (_, text, words) => {
    const [, , mutant] = parseMutants("sum.ts", list);
    expect(() => mutated(mutant, text)).toThrow(
      `sum.ts: returns the wrong sum: expected this code once in the file, ${words}`,
    );
  });

  it.each([
    ["added code comes before removed code", "tests: a\n# x\n+ y", 'line 3: expected "# " before a title'],
    ["a line has another form", "tests: a\n# x\nreturn y", "line 3: expected"],
    ["code comes before a title", "tests: a\n- y", 'line 2: expected "tests: " or a title after "# "'],
    ["a mutant removes nothing", "tests: a\n# x", 'x: expected code after "- "'],
    ["no tests are named", "# x\n- y", 'x: expected "tests: " above'],
  ])("A list is refused where %s", (_, text, message) => {
    expect(() => parseMutants("sum.ts", text)).toThrow(`mutants of sum.ts`);
    expect(() => parseMutants("sum.ts", text)).toThrow(message);
  });
});
