import { describe, expect, it } from "vitest";
import { AsFloat, type Elements, modelBytes } from "../support/onnx/build.js";
import { Data, type OpCase, opCases } from "../support/onnx/op-cases.js";
import { distance, imported, oracle } from "../support/onnx/run.js";

/** The case as a model of one node, and the data to feed it. */
function modelOf({ op, opset, domain, attributes, inputs, outputs = 1, unused = 0, outputType }: OpCase) {
  const names = inputs.map((input, i) => (input === null ? "" : `in${i}`));
  const feeds: Record<string, Elements> = {};
  const initializers: Record<string, Elements> = {};
  for (const [i, input] of inputs.entries())
    if (input instanceof Data) feeds[names[i]] = input.elements;
    else if (input) initializers[names[i]] = input;
  const results = Array.from({ length: outputs }, (_, i) => `out${i}`);
  const unread = Array.from({ length: unused }, (_, i) => `unread${i}`);
  const bytes = modelBytes(
    {
      nodes: [{ op, domain, name: "node", attributes, inputs: names, outputs: [...results, ...unread] }],
      inputs: feeds,
      initializers,
      outputs: results,
      outputType,
    },
    opset,
  );
  return { bytes, feeds };
}

function title({ op, opset, attributes, inputs }: OpCase): string {
  const show = (v: unknown) => JSON.stringify(v instanceof AsFloat ? v.value : v).slice(0, 40);
  const shapes = inputs.map((i) => (i === null ? "–" : `[${(i instanceof Data ? i.elements : i).shape}]`));
  const options = Object.entries(attributes ?? {}).map(([k, v]) =>
    typeof v === "object" && "$typeName" in v ? k : `${k}=${show(v)}`,
  );
  return `${op}-${opset} ${shapes.join(" ")} ${options.join(" ")}`;
}

describe("an op of the importer", () => {
  it.each(opCases.map((c) => [title(c), c] as const))("%s agrees with ONNX Runtime", async (_, opCase) => {
    const { bytes, feeds } = modelOf(opCase);
    const expected = await oracle(bytes, feeds);
    const got = imported(bytes, feeds, "float64");
    expect(got.map((r) => r.shape)).toEqual(expected.map((r) => r.shape));
    for (const [i, result] of expected.entries()) expect(distance(result, got[i])).toBeLessThan(2e-6);
  });
});
