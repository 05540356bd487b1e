import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { checksOf } from "../../src/verify/checks/index.js";
import { exactChecks } from "../../src/verify/exact/checks.js";
import { ownCode } from "../../src/verify/subject.js";

const THEORY = "docs/theory.md";
const FOLDERS = ["src", "test", "bench", "scripts", "docs", "examples", "schema"];

/** Every text file of the repository that may cite something, with its line breaks and comment marks removed. */
const texts = new Map(
  [...FOLDERS.flatMap((folder) => filesIn(folder)), ...filesIn(".", { recursive: false })]
    .filter((file) => /\.(ts|mjs|py|md|json)$/.test(file) && basename(file) !== "references.test.ts")
    .map((file) => [file, readFileSync(file, "utf8").replace(/\s*\n\s*(\*(?!\/)|\/\/|#(?!#))?\s*/g, " ")]),
);

function filesIn(folder: string, { recursive = true } = {}): string[] {
  return readdirSync(folder, { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The numbered sections of docs/theory.md: how many numbered items each has. */
const sections = new Map(
  readFileSync(THEORY, "utf8")
    .split(/^## /m)
    .flatMap((text) => {
      const number = /^(\d+)\. /.exec(text);
      return number === null ? [] : [[number[1], (text.match(/^\d+\. /gm) ?? []).length - 1] as const];
    }),
);

const CITATION = /docs\/theory\.md, section (\d+)(?:, item (\d+))?/g;

/** The citations of docs/theory.md in `text` that lead nowhere. */
const missingIn = (text: string): string[] =>
  [...text.matchAll(CITATION)]
    .filter(([, section, item]) => {
      const items = sections.get(section);
      return items === undefined || Number(item ?? 0) > items;
    })
    .map(([citation]) => citation);

/** What may stand before "section N": a paper's authors and year or a document's name, perhaps its title in brackets. */
const NAMED_SOURCE =
  /(docs\/theory\.md|\b(19|20)\d\d|et al\.|Matrix Computations|specification)( \([^()]*\))?,? $/;

/** Mentions of a section, with the words before each, that do not say whose section it is. */
const namelessIn = (text: string): string[] =>
  [...text.matchAll(/\bsections? \d/gi)]
    .map(({ index }) => ({ index, before: text.slice(Math.max(0, index - 120), index) }))
    .filter(({ before }) => !NAMED_SOURCE.test(before))
    .map(({ index }) => text.slice(Math.max(0, index - 60), index + 20));

describe("References hold", () => {
  it("The theory has numbered sections, and many places cite them.", () => {
    expect([...sections.keys()]).toEqual([...sections.keys()].map((_, i) => String(i + 1)));
    const cited = [...texts.values()].flatMap((text) => [...text.matchAll(CITATION)]);
    expect(cited.length).toBeGreaterThan(40);
  });

  it("Every cited section of docs/theory.md exists.", () => {
    const missing = [...texts].flatMap(([file, text]) => missingIn(text).map((c) => `${file}: ${c}`));
    expect(missing).toEqual([]);
  });

  it("Nothing cites a document that is not in the repository.", () => {
    const foreign = [...texts].filter(([, text]) =>
      /\bTHEORY\b|\btheory, sections?\b|shared\/[A-Z]+\.md/.test(text),
    );
    expect(foreign.map(([file]) => file)).toEqual([]);
  });

  it("Every mention of a section names its document first.", () => {
    const nameless = [...texts]
      .filter(([file]) => file !== THEORY)
      .flatMap(([file, text]) => namelessIn(text).map((words) => `${file}: …${words}…`));
    expect(nameless).toEqual([]);
  });

  it("A section that docs/theory.md mentions by its number alone is one of its own.", () => {
    const own = [...texts.get(THEORY)!.matchAll(/\bsection (\d+)/g)].map(([, section]) => section);
    expect(own.filter((section) => !sections.has(section))).toEqual([]);
  });

  it.each([...checksOf(ownCode), ...exactChecks].map(({ id, source }) => ({ id, source })))(
    "The check $id cites a section of docs/theory.md that exists.",
    ({ source }) => {
      expect(source).toContain(`${THEORY}, section `);
      expect(missingIn(source)).toEqual([]);
      expect(namelessIn(source)).toEqual([]);
    },
  );
});
