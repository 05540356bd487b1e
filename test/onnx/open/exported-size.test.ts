import { describe, expect, it } from "vitest";
import { decodeModel, openModel } from "../../../src/onnx/index.js";
import { type Elements, float, type GraphSpec, ints, modelBytes, scalar } from "../../support/onnx/build.js";
import { toTensor } from "../../support/onnx/run.js";

type Nodes = GraphSpec["nodes"];

const zeros = (...shape: number[]): Elements =>
  float(shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(0));

/**
 * Opens a graph from x to y that declares `declared` samples of shape `sample`, with `given`
 * samples.
 */
function open(
  [declared, given]: readonly [number, number],
  sample: readonly number[],
  { nodes, initializers = {} }: { nodes: Nodes; initializers?: Record<string, Elements> },
) {
  const spec: GraphSpec = {
    nodes,
    initializers,
    inputs: { x: { shape: [declared, ...sample] } },
    outputs: ["y"],
  };
  const model = decodeModel("m.onnx", modelBytes(spec, 17));
  const inputs = new Map([["x", toTensor(zeros(given, ...sample))]]);
  return openModel(model, [], { inputs, precision: "float32" }).output.spec.shape;
}

const one = (op: string, others: string[] = [], attributes = {}): Nodes => [
  { op, inputs: ["x", ...others], outputs: ["y"], attributes, name: "n" },
];
const target = (...shape: number[]) => ({
  nodes: one("Reshape", ["s"]),
  initializers: { s: ints(...shape) },
});

describe("a batch of another size than the exported one", () => {
  it.each<[string, readonly number[], Parameters<typeof open>[2], number[]]>([
    ["nothing holds the size", [3], { nodes: one("Relu") }, [8, 3]],
    ["a Reshape copies the axis", [2, 3], target(0, -1), [8, 6]],
    ["a Reshape computes the axis", [2, 3], target(-1, 6), [8, 6]],
    ["a Reshape merges the batch with positions", [2, 3], target(-1, 3), [16, 3]],
    ["a Reshape splits channels", [4, 3], target(0, 2, 2, 3), [8, 2, 2, 3]],
    ["a Slice stops one sample from the end", [3], sliced(0, -1), [7, 3]],
    [
      "positions come first, and a Reshape parts them from the batch again",
      [5, 3],
      {
        nodes: [
          { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [1, 0, 2] } },
          { op: "Reshape", inputs: ["t", "rows"], outputs: ["r"] },
          { op: "Relu", inputs: ["r"], outputs: ["a"] },
          { op: "Reshape", inputs: ["a", "parts"], outputs: ["y"] },
        ],
        initializers: { rows: ints(-1, 3), parts: ints(5, -1, 3) },
      },
      [5, 8, 3],
    ],
    [
      "a sum over the batch is divided by another number",
      [3],
      {
        nodes: [
          { op: "ReduceSum", inputs: ["x"], outputs: ["s"], attributes: { keepdims: 0 } },
          { op: "Div", inputs: ["s", "c"], outputs: ["y"] },
        ],
        initializers: { c: scalar(7) },
      },
      [],
    ],
  ])("A batch is accepted where %s", (_, sample, graph, shape) => {
    expect(open([2, 8], sample, graph)).toEqual(shape);
  });

  it("A batch is accepted where the graph computes all sizes of a Reshape from the batch", () => {
    const nodes: Nodes = [
      { op: "Shape", inputs: ["x"], outputs: ["shape"] },
      { op: "Gather", inputs: ["shape", "zero"], outputs: ["n"] },
      { op: "Mul", inputs: ["n", "three"], outputs: ["nc"] },
      { op: "Concat", inputs: ["one", "nc"], outputs: ["s"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["x", "s"], outputs: ["y"] },
    ];
    const initializers = { zero: ints(0), three: ints(3), one: ints(1) };
    expect(open([1, 8], [3], { nodes, initializers })).toEqual([1, 24]);
  });

  it.each<[string, readonly [number, number], readonly number[], Parameters<typeof open>[2], RegExp]>([
    [
      "a Reshape to the exported size",
      [2, 8],
      [2, 3],
      target(2, -1),
      /"n" reshapes \[8, 2, 3\] to \[2, 24\]/,
    ],
    [
      "a Reshape of a single sample",
      [1, 8],
      [2, 3],
      target(1, -1),
      /reshapes \[8, 2, 3\] to \[1, 48\], \[1, 2, 3\] to/,
    ],
    ["a Reshape that fails", [2, 8], [2, 3], target(2, 6), /"n": cannot reshape \[8, 2, 3\] to \[2, 6\]/],
    ["a Reshape that folds pairs of samples", [2, 8], [2, 3], target(-1, 2, 6), /to \[4, 2, 6\]/],
    [
      "a Slice to the exported size",
      [2, 8],
      [3],
      sliced(0, 2),
      /takes 2 of 8 along the axis of the batch, 2 of 2/,
    ],
    ["a Slice that halves the exported size", [4, 6], [3], sliced(0, 2), /takes 2 of 6 .* 2 of 4/],
    [
      "a Gather of stored samples",
      [2, 8],
      [3],
      { nodes: one("Gather", ["i"]), initializers: { i: ints(1, 0) } },
      /picks 2 stored/,
    ],
    [
      "a stored tensor that repeats one sample",
      [2, 1],
      [3],
      { nodes: one("Add", ["c"]), initializers: { c: zeros(2, 3) } },
      /repeats the batch/,
    ],
    [
      "a stored tensor of the exported size",
      [2, 8],
      [3],
      { nodes: one("Add", ["c"]), initializers: { c: zeros(2, 3) } },
      /Add node "n"/,
    ],
    [
      "a sum over the batch divided by the exported size",
      [2, 8],
      [3],
      {
        nodes: [
          { op: "ReduceSum", inputs: ["x"], outputs: ["s"], attributes: { keepdims: 0 } },
          { op: "Div", inputs: ["s", "c"], outputs: ["y"], name: "n" },
        ],
        initializers: { c: scalar(2) },
      },
      /Div node "n" divides a sum over the batch by the stored number 2/,
    ],
  ])("%s refuses the batch and names the exported size", (_, sizes, sample, graph, words) => {
    expect(() => open(sizes, sample, graph)).toThrow(
      `m.onnx: expected a batch of ${sizes[0]}, the size that the model was exported with, got ${sizes[1]}: `,
    );
    expect(() => open(sizes, sample, graph)).toThrow(words);
  });

  it("The exported size itself is accepted by all of these graphs", () => {
    expect(open([2, 2], [2, 3], target(2, -1))).toEqual([2, 6]);
  });
});

function sliced(from: number, to: number): Parameters<typeof open>[2] {
  return {
    nodes: one("Slice", ["from", "to", "axis"]),
    initializers: { from: ints(from), to: ints(to), axis: ints(0) },
  };
}
