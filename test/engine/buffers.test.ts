import { describe, expect, it } from "vitest";
import { GraphBuilder, type Value } from "../../src/engine/graph.js";
import { usage } from "../../src/engine/memory/buffers.js";
import * as ops from "../../src/engine/ops.js";
import { expectAsPlanned } from "./planned-as-run.js";
import { tensor } from "./support.js";

type Build = (g: GraphBuilder, x: Value) => readonly Value[];

const then = (g: GraphBuilder, x: Value, ...operators: string[]): Value =>
  operators.reduce((value, op) => ops.elementwise(g, op, [value]), x);

/** x in its own shape, which ONNX Runtime cannot know beforehand. */
const hidden = (g: GraphBuilder, x: Value, shape = x.shape): Value => {
  const told = g.int64(shape);
  return g.node("Reshape", [x, g.node("Identity", [told], told)], { dtype: x.dtype, shape });
};

describe("buffers are planned as ONNX Runtime has them", () => {
  it.each<[string, readonly number[], Build]>([
    [
      "a dead value's is taken over",
      [64, 64],
      (g, x) => [
        g.node(
          "ReduceSum",
          [then(g, x, "Exp", "Sin", "Cos", "Neg"), g.int64([0, 1])],
          { dtype: "float32", shape: [] },
          { attributes: { keepdims: 0 } },
        ),
      ],
    ],
    ["but not by a result", [64, 64], (g, x) => [then(g, x, "Exp", "Sin", "Cos")]],
    [
      "nor a result's by others",
      [64, 64],
      (g, x) => {
        const first = then(g, x, "Exp");
        return [first, then(g, first, "Sin", "Cos", "Neg", "Exp")];
      },
    ],
    ["Relu writes over its operand", [64, 64], (g, x) => [then(g, x, "Exp", "Relu", "Sin", "Neg")]],
    [
      "unless others read that",
      [64, 64],
      (g, x) => {
        const y = then(g, x, "Exp");
        return [ops.elementwise(g, "Add", [then(g, y, "Relu", "Sin"), y])];
      },
    ],
    [
      "a hidden shape leaves what follows without",
      [64, 64],
      (g, x) => [then(g, hidden(g, then(g, x, "Exp")), "Sin", "Cos", "Neg", "Exp")],
    ],
    [
      "an operand of the whole shape tells it",
      [64, 64],
      (g, x) => {
        const dead = then(g, x, "Exp", "Sin");
        const sum = ops.elementwise(g, "Add", [hidden(g, dead), x]);
        return [then(g, sum, "Cos", "Neg", "Exp", "Sin")];
      },
    ],
    [
      "one with an axis of size 1 does not",
      [4096, 1],
      (g, x) => {
        const dead = then(g, x, "Exp", "Sin");
        const sum = ops.elementwise(g, "Add", [hidden(g, dead), x]);
        return [then(g, sum, "Cos", "Neg", "Exp", "Sin")];
      },
    ],
    [
      "nor does one that is repeated",
      [64, 64],
      (g, x) => {
        const row = g.node(
          "ReduceMax",
          [x, g.int64([0])],
          { dtype: "float32", shape: [64] },
          { attributes: { keepdims: 0 } },
        );
        const sum = ops.elementwise(g, "Add", [hidden(g, then(g, x, "Exp", "Sin")), row]);
        return [then(g, sum, "Cos", "Neg", "Exp", "Sin")];
      },
    ],
    [
      "values of several shapes",
      [64, 64],
      (g, x) => {
        const half = ops.slice(g, then(g, x, "Exp", "Sin"), [
          [0, 32],
          [0, 64],
        ]);
        const joined = ops.concat(g, [then(g, half, "Cos", "Neg"), then(g, half, "Exp")], 0);
        return [then(g, joined, "Sin", "Cos", "Neg")];
      },
    ],
  ])("%s", async (_, shape, build) => {
    const g = new GraphBuilder();
    const graph = g.finish(build(g, g.input({ dtype: "float32", shape })));
    await expectAsPlanned(graph, [tensor(shape, "float32")]);
  });
});

it("the bytes in use are those of buffers from their first step to their last, idle ones included", () => {
  const buffers = [
    { bytes: 8, tenants: [{ from: 0, to: 2 }] },
    {
      bytes: 4,
      tenants: [
        { from: 1, to: 1 },
        { from: 3, to: 4 },
      ],
    },
  ];
  expect([...usage(buffers, 5)].slice(0, 6)).toEqual([8, 12, 12, 4, 4, 0]);
});
