import type { Graph, Node, Value } from "../graph.js";

/**
 * Gives every output a node of its own, an Identity where it is an input, a constant, or another output as well: ONNX
 * cannot return one of these.
 */
export function ownOutputs(graph: Graph): Graph {
  const free = new Set(graph.nodes.flatMap((node) => node.outputs));
  let nextId = 1 + Math.max(-1, ...allIds(graph));
  const identities: Node[] = [];
  const outputs = graph.outputs.map((value) => {
    if (free.delete(value)) return value;
    const copy: Value = { ...value, id: nextId++ };
    const node = {
      op: "Identity",
      domain: "",
      inputs: [value],
      attributes: {},
      origin: { primitive: "output" },
    };
    identities.push({ ...node, outputs: [copy] });
    return copy;
  });
  return { ...graph, nodes: [...graph.nodes, ...identities], outputs };
}

function allIds({ inputs, constants, nodes }: Graph): number[] {
  const values = [...inputs, ...constants.map((c) => c.value), ...nodes.flatMap((node) => node.outputs)];
  return values.map(({ id }) => id);
}
