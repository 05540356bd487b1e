import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { blindspot } from "./support/blindspot.js";

/** Documents whose ```console blocks show a command and what it printed. */
const DOCUMENTS = ["README.md"];

const blocks = DOCUMENTS.flatMap((document) =>
  [...readFileSync(document, "utf8").matchAll(/```console\n\$ blindspot ([^\n]*)\n([\s\S]*?)```/g)].map(
    ([, command, printed]) => ({ document, command: command!, printed: printed! }),
  ),
);

describe("documents show what the commands print", () => {
  beforeAll(() => {
    // What `npm start` runs; it leaves the reports that the commands read.
    execFileSync(process.execPath, ["examples/audit.mjs"]);
  });

  it("there is something to hold them to", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });

  for (const { document, command, printed } of blocks)
    it(`${document}: blindspot ${command}`, () => {
      expect(blindspot(...command.split(" ")).stdout.trimEnd()).toBe(printed.trimEnd());
    });
});
