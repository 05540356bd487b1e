import { type Graph, type Node, nextId, type Value } from "../../graph/graph.js";

/**
 * Adds an Identity for each output that is an input, a constant or an earlier output, because ONNX
 * cannot return these.
 */
export function ownOutputs(graph: Graph): Graph {
  const free = new Set(graph.nodes.flatMap((node) => node.outputs));
  let id = nextId(graph);
  const identities: Node[] = [];
  const outputs = graph.outputs.map((value) => {
    if (free.delete(value)) return value;
    const copy: Value = { ...value, id: id++ };
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
