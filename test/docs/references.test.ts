import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { checksOf } from "../../src/verify/checks/index.js";
import { exactChecks } from "../../src/verify/exact/checks.js";
import { ownCode } from "../../src/verify/subject.js";

const THEORY = "docs/theory.md";
const FOLDERS = ["src", "test", "bench", "scripts", "docs", "examples", "schema"];

/** The text files of the repository, without line breaks and comment marks. */
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

/** The sections of docs/theory.md by number, with the number of their numbered items. */
const theory = readFileSync(THEORY, "utf8");
const sections = new Map(
  theory.split(/^## /m).flatMap((text) => {
    const number = /^(\d+)\. /.exec(text);
    return number === null ? [] : [[number[1], (text.match(/^\d+\. /gm) ?? []).length - 1] as const];
  }),
);

/** In code `docs/theory.md, section N`; in documents also with a link. */
const CITATION = /theory\.md\)?, section (\d+)(?:, item (\d+))?/g;

/** The citations of docs/theory.md in a text whose section or item does not exist. */
const missingIn = (text: string): string[] =>
  [...text.matchAll(CITATION)]
    .filter(([, section, item]) => {
      const items = sections.get(section);
      return items === undefined || Number(item ?? 0) > items;
    })
    .map(([citation]) => citation);

/**
 * Text before "section N" of docs/theory.md, or of the paper that it explains. Other papers are
 * cited with a topic instead, because nobody checks numbers of sections.
 */
const NAMED_SOURCE = /(docs\/theory\.md|\]\((?:docs\/)?theory\.md\)|Zhou et al\. 2024),? $/;

/** The mentions of a section in a text that name neither document, with the words around. */
const namelessIn = (text: string): string[] =>
  [...text.matchAll(/\bsections? \d/gi)]
    .map(({ index }) => ({ index, before: text.slice(Math.max(0, index - 120), index) }))
    .filter(({ before }) => !NAMED_SOURCE.test(before))
    .map(({ index }) => text.slice(Math.max(0, index - 60), index + 20));

describe("References hold", () => {
  it("docs/theory.md numbers its sections from 1 on, and many places cite them.", () => {
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

  it("Every mention of a section first names docs/theory.md or the paper that it explains.", () => {
    const nameless = [...texts]
      .filter(([file]) => file !== THEORY)
      .flatMap(([file, text]) => namelessIn(text).map((words) => `${file}: …${words}…`));
    expect(nameless).toEqual([]);
  });

  it("docs/theory.md mentions only sections that it has.", () => {
    const own = [...theory.matchAll(/\bsection (\d+)/g)].map(([, section]) => section);
    expect(own.filter((section) => !sections.has(section))).toEqual([]);
  });

  it("The table of docs/theory.md lists every check, and only checks that exist.", () => {
    const rows = theory.split("\n").filter((line) => /^\| .* \| \d+ \|/.test(line));
    const listed = rows.flatMap((row) => [...row.matchAll(/`([a-z0-9-]+)`/g)].map(([, id]) => id));
    const existing = [...checksOf(ownCode), ...exactChecks].map(({ id }) => id);
    const single = existing.filter((id) => !id.startsWith("norm-"));
    expect(listed.filter((id) => id !== "blocks").sort()).toEqual(single.sort());
  });

  it("Every relative link of a document leads to a file.", () => {
    const documents = [...texts].filter(([file]) => file.endsWith(".md"));
    const broken = documents.flatMap(([file, text]) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .filter(([, link]) => !existsSync(join(dirname(file), link)))
        .map(([, link]) => `${file}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it("Every path in backticks in a document exists.", () => {
    const paths = [...texts.keys()].map((file) => `/${file}`);
    const missing = [...texts]
      .filter(([file]) => file.endsWith(".md"))
      .flatMap(([file, text]) =>
        [...text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/[\w.-]*)`/g)]
          .map(([, path]) => path)
          .filter((path) => !/^(blindspot[/.]|reference\/|dist\/)/.test(path))
          .filter((path) => !paths.some((known) => known.includes(`/${path}`)))
          .map((path) => `${file}: ${path}`),
      );
    expect(missing).toEqual([]);
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
