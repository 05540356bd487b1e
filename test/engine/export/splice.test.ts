import { describe, expect, it } from "vitest";
import { type Splice, splice } from "../../../src/engine/export/splice.js";
import { type Graph, GraphBuilder, type Value } from "../../../src/engine/graph/graph.js";
import { checkGraph } from "../../support/engine/check-graph.js";

const image = { dtype: "float32", shape: [2, 3] } as const;

/**
 * A graph with a cut between exp(x) and a product with the weight w:
 *
 *     x ──▶ Exp ──▶ argument   |cut|   result ──▶ Mul (with w) ──▶
 *
 * Its inputs are x, w, result and v, which no node reads.
 */
function cutOpen() {
  const g = new GraphBuilder();
  const [x, w, result, v] = [image, { ...image, shape: [3] }, image, image].map((type) => g.input(type)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  // This node comes before the node that computes its operand.
  const product = g.node("Mul", [result, w], image);
  const argument = g.node("Exp", [x], image);
  const graph = g.finish([product]);
  const node: Splice = {
    ...{ op: "Normalize", attributes: { axis: 1 }, argument, operands: [w], result },
    unread: [
      { ...image, shape: [3] },
      { ...image, shape: [3] },
    ],
    origin: { primitive: "cut" },
  };
  const data = new Float32Array(3);
  return { graph, node, x, w, v, argument, result, stored: { value: w, data } };
}

const operators = ({ nodes }: Graph) => nodes.map(({ op }) => op);

describe("Splicing", () => {
  it("The new node comes after the node that it reads and before the node that reads it", () => {
    const { graph, node, w, argument, result } = cutOpen();
    const spliced = splice(graph, [node], []);
    checkGraph(spliced);
    expect(operators(spliced)).toEqual(["Exp", "Normalize", "Mul"]);
    expect(spliced.nodes[1]).toMatchObject({ inputs: [argument, w], attributes: { axis: 1 }, domain: "" });
    expect(spliced.nodes[1].outputs[0]).toBe(result);
    expect(spliced.nodes[1].outputs).toHaveLength(3);
  });

  it("Computed and stored inputs are no inputs any more, and stored tensors that are not read are dropped", () => {
    const { graph, node, x, v, stored } = cutOpen();
    const unread = { value: v, data: new Float32Array(6) };
    const spliced = splice(graph, [node], [stored, unread]);
    checkGraph(spliced);
    expect(spliced.inputs).toEqual([x]);
    expect(spliced.constants).toEqual([stored]);
    expect(splice(graph, [node], []).inputs).toHaveLength(3);
  });

  it("The nodes keep the given order where they can", () => {
    const g = new GraphBuilder();
    const x = g.input(image);
    const [a, b] = ["Exp", "Sin"].map((op) => g.node(op, [x], image)) as [Value, Value];
    const graph = g.finish([g.node("Add", [a, b], image)]);
    const shuffled = { ...graph, nodes: [graph.nodes[2], graph.nodes[0], graph.nodes[1]] };
    expect(operators(splice(shuffled, [], []))).toEqual(["Exp", "Sin", "Add"]);
  });
});
