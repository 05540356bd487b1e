import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { auditCommand } from "../../../src/cli/audit.js";
import { type LossKind, lossKinds } from "../../../src/onnx/index.js";
import { evidenceByStrength } from "../../../src/onnx/losses/clues.js";
import type { LossDefinition } from "../../../src/onnx/losses/definition.js";
import { losses } from "../../../src/onnx/losses/table.js";
import { without } from "../../support/without.js";

describe("the table of losses", () => {
  it("A loss without an entry, or with an incomplete one, does not compile", () => {
    // @ts-expect-error: the name l1 has no entry
    const table: Record<LossKind, LossDefinition> = without(losses, "l1");
    const definitions: LossDefinition[] = [
      // @ts-expect-error: not said when the loss is inferred
      without(losses.mse, "inferred"),
      // @ts-expect-error: no target, description and traced function
      without(losses.mse, "attach"),
    ];
    expect([Object.keys(table).length, definitions.length]).toEqual([lossKinds.length - 1, 2]);
  });

  it("The command line offers the names of all losses, in the order of the list", () => {
    const option = auditCommand().options.find(({ long }) => long === "--loss");
    expect(option?.argChoices).toEqual(lossKinds);
  });

  it.each(lossKinds)("The README names the loss %s", (kind) => {
    expect(readFileSync("README.md", "utf8")).toContain(`\`${kind}\``);
  });

  it.each(evidenceByStrength)("The evidence '%s' suggests exactly one loss", (evidence) => {
    const suggested = lossKinds.filter((kind) => losses[kind].inferred?.from[evidence]);
    expect(suggested).toHaveLength(1);
  });

  it("A loss that is inferred gives its reason", () => {
    for (const { inferred } of Object.values(losses))
      if (inferred) {
        expect(inferred.reason).not.toBe("");
        expect(Object.keys(inferred.from)).not.toEqual([]);
      }
  });
});
