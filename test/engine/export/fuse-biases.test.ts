import { describe, expect, it } from "vitest";
import { fuseBiases } from "../../../src/engine/export/fuse-biases.js";
import { type Graph, GraphBuilder, type Value } from "../../../src/engine/graph/graph.js";
import * as ops from "../../../src/engine/graph/ops.js";
import { checkGraph } from "../../support/engine/check-graph.js";

type Build = (g: GraphBuilder, y: Value) => readonly Value[];

const vector = (g: GraphBuilder): Value => g.constant("float32", [3], Float32Array.of(1, 2, 3));
const channels = (g: GraphBuilder): Value => ops.reshape(g, vector(g), [3, 1, 1]);
const add = (g: GraphBuilder, a: Value, b: Value) => ops.elementwise(g, "Add", [a, b]);

/**
 * Operators and their numbers of inputs after fusing, for a convolution of result [2, 3, 3, 3] and
 * the nodes of `build`.
 */
function afterConvolution(build: Build, op = "Conv"): string[] {
  const g = new GraphBuilder();
  const x = g.input({ dtype: "float32", shape: [2, 4, 3, 3] });
  const w = g.input({ dtype: "float32", shape: [3, 4, 1, 1] });
  return operators(g.finish(build(g, g.node(op, [x, w], { dtype: "float32", shape: [2, 3, 3, 3] }))));
}

function operators(graph: Graph): string[] {
  const fused = fuseBiases(graph);
  checkGraph(fused);
  expect(fused.outputs).toEqual(graph.outputs);
  return fused.nodes.map(({ op, inputs }) => `${op} ${inputs.length}`);
}

describe("A constant vector that is added to a linear operator becomes its bias", () => {
  it.each<[string, Build]>([
    ["The vector is the right operand", (g, y) => [add(g, y, channels(g))]],
    ["The vector is the left operand", (g, y) => [add(g, channels(g), y)]],
    ["The vector has an axis for the batch", (g, y) => [add(g, y, ops.reshape(g, vector(g), [1, 3, 1, 1]))]],
  ])("%s", (_, build) => {
    expect(afterConvolution(build)).toEqual(["Conv 3"]);
  });

  it("The operator is a matrix product, whose vector needs no reshape", () => {
    const g = new GraphBuilder();
    const [x, w] = [
      [2, 4],
      [3, 4],
    ].map((shape) => g.input({ dtype: "float32", shape })) as [Value, Value];
    expect(operators(g.finish([add(g, ops.gemm(g, x, w, { transB: true }), vector(g))]))).toEqual(["Gemm 3"]);
  });
});

describe("The sum stays as it is", () => {
  it.each<[string, Build, string[]]>([
    [
      "Another node reads the operator",
      (g, y) => [add(g, y, channels(g)), ops.elementwise(g, "Exp", [y])],
      ["Conv 2", "Reshape 2", "Add 2", "Exp 1"],
    ],
    ["The operator is an output", (g, y) => [add(g, y, channels(g)), y], ["Conv 2", "Reshape 2", "Add 2"]],
    [
      "The vector lies along another axis than the channels",
      (g, y) => [add(g, y, vector(g))],
      ["Conv 2", "Add 2"],
    ],
    [
      "The operator has a bias already",
      (g, y) => [
        add(g, add(g, y, channels(g)), ops.reshape(g, g.input({ dtype: "float32", shape: [3] }), [3, 1, 1])),
      ],
      ["Conv 3", "Reshape 2", "Add 2"],
    ],
    [
      "The vector is not constant",
      (g, y) => [add(g, y, ops.reshape(g, g.input({ dtype: "float32", shape: [3] }), [3, 1, 1]))],
      ["Conv 2", "Reshape 2", "Add 2"],
    ],
  ])("%s", (_, build, expected) => {
    expect(afterConvolution(build).toSorted()).toEqual(expected.toSorted());
  });

  it("The operator takes no bias", () => {
    expect(afterConvolution((g, y) => [add(g, y, channels(g))], "MatMulInteger")).toEqual([
      ...["MatMulInteger 2", "Reshape 2", "Add 2"],
    ]);
  });
});

it("Of two constant vectors the operator takes one", () => {
  const g = new GraphBuilder();
  const [x, w] = [
    [2, 4],
    [3, 4],
  ].map((shape) => g.input({ dtype: "float32", shape })) as [Value, Value];
  const bias = g.constant("float32", [3], Float32Array.of(3, 2, 1));
  const product = g.node(
    "Gemm",
    [x, w, bias],
    { dtype: "float32", shape: [2, 3] },
    { attributes: { transB: 1 } },
  );
  expect(operators(g.finish([add(g, product, vector(g))]))).toEqual(["Gemm 3", "Add 2"]);
});
