import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { blindspot } from "./support/blindspot.js";

/** Documents whose ```console blocks show a command, perhaps with a grep behind it, and what it printed. */
const DOCUMENTS = ["README.md", "docs/theory.md"];

const blocks = DOCUMENTS.flatMap((document) =>
  [...readFileSync(document, "utf8").matchAll(/```console\n\$ blindspot ([^\n]*)\n([\s\S]*?)```/g)].map(
    ([, command, printed]) => ({ document, command: command, printed: printed }),
  ),
);

/** Output of the commands run so far: several blocks show parts of the same one. */
const outputs = new Map<string, string>();

/** What `blindspot <command>` prints, where the command may end in `| grep pattern`. */
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

/** Without what differs between machines: running times, and how large a rounding error came out. */
const comparable = (text: string): string =>
  text
    .trimEnd()
    .replace(/\b\d+(\.\d+)? s\b/g, "(time)")
    .replace(/ +\d(\.\d)?e-1\d\b/g, " (rounding)");

describe("documents show what the commands print", () => {
  beforeAll(() => {
    // What `npm start` runs; it leaves the reports that the commands read.
    execFileSync(process.execPath, ["examples/audit.mjs"]);
  });

  it.each(DOCUMENTS)("%s shows some", (document) => {
    expect(blocks.filter((block) => block.document === document).length).toBeGreaterThan(0);
  });

  for (const { document, command, printed } of blocks)
    it(`${document}: blindspot ${command}`, () => {
      expect(comparable(printedBy(command))).toBe(comparable(printed));
    });
});
