/** A small fault in the engine, which its tests must find. */
export interface Mutant {
  /** The faulty file, relative to src/engine. */
  readonly file: string;
  /** What the faulty code does. */
  readonly title: string;
  /** Code that occurs once in the file, apart from white space. */
  readonly find: string;
  /** The code in its place; empty where the code is removed. */
  readonly replace: string;
  /** Names of test files under test/engine, in the order in which they run. */
  readonly tests: readonly string[];
}

/**
 * The mutants in the text of a list. A list names the tests to run, and then has mutants with a
 * title, removed code and added code. Further lines of tests are for the mutants below them.
 *
 *     tests: primitives, random-programs
 *
 *     # every result is the first one
 *     - results : results[i]
 *     + results : results[0]
 *
 * Code may span several lines. White space and line breaks in removed code do not matter.
 *
 * @param file - The file that the list is for, relative to src/engine.
 * @throws Error where a line has another form, or a mutant lacks tests or removed code.
 */
export function parseMutants(file: string, text: string): Mutant[] {
  let tests: string[] = [];
  const found: { title: string; tests: string[]; find: string[]; replace: string[] }[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const fail = (expected: string) => {
      throw new Error(`mutants of ${file}, line ${i + 1}: expected ${expected}, got "${line}"`);
    };
    const last = found.at(-1);
    const rest = line.slice(2);
    if (line.trim() === "") continue;
    if (line.startsWith("tests: ")) {
      // The first line of tests after a mutant begins a new list of tests.
      if (tests === last?.tests) tests = [];
      tests.push(
        ...line
          .slice(7)
          .split(/[\s,]+/)
          .filter(Boolean),
      );
    } else if (line.startsWith("# ")) found.push({ title: rest, tests, find: [], replace: [] });
    else if (last === undefined) fail('"tests: " or a title after "# "');
    else if (line.startsWith("- ") && last.replace.length === 0) last.find.push(rest);
    else if (line.startsWith("+ ") && last.find.length > 0) last.replace.push(rest);
    else fail('"# " before a title, "- " before removed code or, after it, "+ " before added code');
  }
  for (const { title, tests, find } of found) {
    if (find.length === 0) throw new Error(`mutants of ${file}: ${title}: expected code after "- "`);
    if (tests.length === 0) throw new Error(`mutants of ${file}: ${title}: expected "tests: " above`);
  }
  return found.map(({ title, tests, find, replace }) => ({
    ...{ file, title, tests },
    find: find.join("\n"),
    replace: replace.join("\n"),
  }));
}

/**
 * The source of the mutant's file with the fault in it.
 *
 * @throws Error where the code to replace occurs in the source more than once or not at all.
 */
export function mutated({ file, title, find, replace }: Mutant, source: string): string {
  const sought = find.replace(/\s+/g, "");
  const { text, places } = withoutSpace(source);
  const at = text.indexOf(sought);
  if (at < 0 || text.indexOf(sought, at + 1) >= 0)
    throw new Error(
      `${file}: ${title}: expected this code once in the file, got it ${
        text.split(sought).length - 1
      } times: ${find}`,
    );
  return source.slice(0, places[at]) + replace + source.slice(places[at + sought.length - 1] + 1);
}

/** The characters of the source that are not white space, and where each of them is. */
function withoutSpace(source: string): { text: string; places: readonly number[] } {
  const places = Array.from(source.matchAll(/\S/g), ({ index }) => index);
  return { text: places.map((i) => source[i]).join(""), places };
}
