import { type Graph, type Node, nextId, type Value } from "../../graph/graph.js";
import { planMemory } from "../../memory/plan.js";

/** Programs that take less than this are left as they are. */
const SMALL = 1 << 25;

/**
 * Memory that nothing lives in is given back. ONNX Runtime keeps the buffer of a dead value for the next value of its type and
 * shape, through all that happens in between: a network's backward pass finds the buffers of its forward pass still held. It
 * does so only where it knows shapes beforehand. So the shape that a Reshape is told goes through another one first,
 * Reshape(x, s) = Reshape(x, Reshape(s, [−1])), the −1 by way of an Identity: of what follows not even the number of axes is
 * known then. (Were that known, ONNX Runtime would look for a buffer among all dead ones, and find none: 20 s for the 13,000
 * nodes of DenseNet-121's gradient.)
 */
export function releasePromptly(graph: Graph): Graph {
  if (planMemory(graph).peak < SMALL) return graph;
  let id = nextId(graph);
  const length = (): Value => ({ id: id++, dtype: "int64", shape: [1] });
  const minusOne = { value: length(), data: BigInt64Array.of(-1n) };
  const origin = { primitive: "hidden" };
  const node = (op: string, inputs: readonly Value[], output: Value): Node => ({
    ...{ op, domain: "", inputs, attributes: {}, outputs: [output], origin },
  });
  const rest = length();
  const hiding = [node("Identity", [minusOne.value], rest)];
  const hidden = new Map<Value, Value>();
  const hide = (shape: Value): Value => {
    const known = hidden.get(shape);
    if (known !== undefined) return known;
    const copy = { ...shape, id: id++ };
    hidden.set(shape, copy);
    hiding.push(node("Reshape", [shape, rest], copy));
    return copy;
  };
  const nodes = graph.nodes.map((node) =>
    node.op === "Reshape" ? { ...node, inputs: [node.inputs[0], hide(node.inputs[1])] } : node,
  );
  return { ...graph, constants: [...graph.constants, minusOne], nodes: [...hiding, ...nodes] };
}
