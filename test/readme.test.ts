import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { blindspot } from "./support/blindspot.js";

/**
 * Documents with ```console blocks. A block shows a command, or a command and a grep, and its
 * output.
 */
const DOCUMENTS = ["README.md", "docs/theory.md"];

const blocks = DOCUMENTS.flatMap((document) =>
  [...readFileSync(document, "utf8").matchAll(/```console\n\$ blindspot ([^\n]*)\n([\s\S]*?)```/g)].map(
    ([, command, printed]) => ({ document, command, printed }),
  ),
);

/** Output of the commands run so far, because several blocks show parts of the same output. */
const outputs = new Map<string, string>();

/** Returns the output of `blindspot <command>`. The command may end in `| grep pattern`. */
function printedBy(command: string): string {
  const [line, pattern] = command.split(/ \| grep (?:-E )?/);
  const output = outputs.get(line) ?? blindspot(...line.split(" ")).stdout;
  outputs.set(line, output);
  if (pattern === undefined) return output;
  const matches = new RegExp(pattern.replaceAll('"', ""));
  return output
    .split("\n")
    .filter((text) => matches.test(text))
    .join("\n");
}

/** Replaces running times and the sizes of rounding errors, which differ between machines. */
const comparable = (text: string): string =>
  text
    .trimEnd()
    .replace(/\b\d+(\.\d+)? s\b/g, "(time)")
    .replace(/ +\d(\.\d)?e-1\d\b/g, " (rounding)");

describe("The console blocks of a document", () => {
  beforeAll(() => {
    // Runs the script of `npm start`, which writes the reports that the commands read.
    execFileSync(process.execPath, ["examples/audit.mjs"]);
  });

  it.each(DOCUMENTS)("exist in %s", (document) => {
    expect(blocks.filter((block) => block.document === document).length).toBeGreaterThan(0);
  });

  for (const { document, command, printed } of blocks)
    it(`show the output of the command (${document}: blindspot ${command})`, () => {
      expect(comparable(printedBy(command))).toBe(comparable(printed));
    });
});

it.each(["README.md", "docs/performance.md", "docs/upstream.md", "CHANGELOG.md"])(
  "Every file that %s links to exists",
  (document) => {
    const links = [...readFileSync(document, "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(
      ([, link]) => link,
    );
    const files = links.filter((link) => !/^https?:/.test(link));
    expect(files.filter((file) => !existsSync(join(dirname(document), file)))).toEqual([]);
  },
);

it.each(["docs/performance.md", "docs/upstream.md"])("Every source file that %s names exists", (document) => {
  const names = [...readFileSync(document, "utf8").matchAll(/`((?:src|test|bench)\/[\w./-]+)`/g)];
  expect(names.length).toBeGreaterThan(0);
  expect(names.map(([, file]) => file).filter((file) => !existsSync(file))).toEqual([]);
});
