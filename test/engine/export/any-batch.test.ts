import { describe, expect, it } from "vitest";
import { anyBatch } from "../../../src/engine/export/any-batch.js";
import { type Graph, GraphBuilder } from "../../../src/engine/graph/graph.js";
import * as ops from "../../../src/engine/graph/ops.js";
import { checkGraph } from "../../support/engine/check-graph.js";

type Build = (g: GraphBuilder, n: number) => Graph;

/** The graph for any batch size, made from the graphs for batches of 4 and 8. */
const opened = (build: Build) => anyBatch(build(new GraphBuilder(), 4), build(new GraphBuilder(), 8));

/** Builds a graph of an input [N, 6] whose output `last` computes. */
const withImage =
  (last: (g: GraphBuilder, x: ReturnType<GraphBuilder["input"]>, n: number) => typeof x): Build =>
  (g, n) =>
    g.finish([last(g, g.input({ dtype: "float32", shape: [n, 6] }), n)]);

describe("A graph for batches of any size", () => {
  it("Reshape takes −1 for the batch, and shapes that are not read are dropped", () => {
    const open = opened(withImage((g, x, n) => ops.transpose(g, ops.reshape(g, x, [n, 2, 3]), [0, 2, 1])))!;
    const shapes = open.graph.constants.map(({ data }) => [...data].map(Number));
    expect(shapes).toEqual([[-1, 2, 3]]);
    expect(open.batched).toEqual(new Set([...open.graph.inputs, ...open.graph.outputs]));
    const ids = [
      ...open.graph.constants.map(({ value }) => value),
      ...open.graph.nodes.flatMap((n) => n.outputs),
    ];
    expect(new Set(ids.map(({ id }) => id)).size).toBe(ids.length);
  });

  it("A graph without sizes stays as it is", () => {
    const build = withImage((g, x) => ops.elementwise(g, "Mul", [x, g.scalar(2, "float32")]));
    const { graph, batched } = opened(build)!;
    checkGraph(graph);
    expect(graph.constants.map(({ data }) => [...data])).toEqual([[2]]);
    expect(batched.size).toBe(2);
  });

  it("Inputs without the batch axis keep their size", () => {
    const { batched } = opened((g, n) => {
      const x = g.input({ dtype: "float32", shape: [n, 6] });
      return g.finish([ops.elementwise(g, "Add", [x, g.input({ dtype: "float32", shape: [6] })])]);
    })!;
    expect([...batched].map(({ shape }) => shape)).toEqual([
      [4, 6],
      [4, 6],
    ]);
  });

  const impossible: [string, Build][] = [
    [
      "the size is in a number",
      withImage((g, x, n) => ops.elementwise(g, "Mul", [x, g.scalar(1 / n, "float32")])),
    ],
    [
      "the size is in a list of numbers that is no shape",
      withImage((g, x, n) =>
        ops.slice(g, x, [
          [1, n],
          [0, 6],
        ]),
      ),
    ],
    [
      "the size is in two places of an intermediate shape",
      withImage((g, x, n) => {
        const inner = ops.elementwise(g, "Exp", [ops.reshape(g, x, [n / 4, n / 4, 96 / n])]);
        return ops.reshape(g, inner, [n, 6]);
      }),
    ],
    [
      "the size is in two places of a shape",
      withImage((g, x, n) => ops.reshape(g, x, [n / 2, 24 / n, n / 2])),
    ],
    [
      "the size is in an attribute",
      withImage((g, x, n) => g.node("Mod", [x, x], x, { attributes: { fmod: n } })),
    ],
    ["the size decides the operator", withImage((g, x, n) => ops.elementwise(g, n > 4 ? "Exp" : "Sin", [x]))],
    [
      "the size decides the order of the operands",
      withImage((g, x, n) => {
        const [a, b] = ["Exp", "Sin"].map((op) => ops.elementwise(g, op, [x]));
        return ops.elementwise(g, "Sub", n > 4 ? [a, b] : [b, a]);
      }),
    ],
    [
      "the size decides the number of nodes",
      withImage((g, x, n) => {
        const y = ops.elementwise(g, "Exp", [x]);
        return n > 4 ? y : ops.elementwise(g, "Exp", [y]);
      }),
    ],
    ["the size is in another axis than the first", withImage((g, x) => ops.transpose(g, x, [1, 0]))],
  ];
  it.each(impossible)("There is no such graph where %s", (_, build) => {
    expect(opened(build)).toBeNull();
  });
});
