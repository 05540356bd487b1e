import { type Constant, type Graph, type Node, nextId, type Value } from "../graph/graph.js";

/** A graph that takes batches of any size. */
export interface AnyBatch {
  readonly graph: Graph;
  /** The inputs and outputs whose first axis is the batch. */
  readonly batched: ReadonlySet<Value>;
}

/**
 * Makes a graph for batches of any size from one program that was lowered for two batch sizes.
 *
 * The two graphs may differ in shapes that Reshape takes, in one number each. This number becomes
 * −1, for which Reshape computes the size.
 *
 * @returns null where the graphs differ in anything else.
 */
export function anyBatch(graph: Graph, other: Graph): AnyBatch | null {
  if (graph.nodes.length !== other.nodes.length || graph.inputs.length !== other.inputs.length) return null;
  const twin = new Map<Value, Value>(graph.inputs.map((input, i) => [input, other.inputs[i]]));
  const [own, others] = [graph, other].map(
    ({ constants }) => new Map(constants.map((constant) => [constant.value, constant])),
  ) as [Map<Value, Constant>, Map<Value, Constant>];
  const shapes: Constant[] = [];
  const nodes: Node[] = [];
  let id = nextId(graph);
  for (const [i, node] of graph.nodes.entries()) {
    const match = other.nodes[i];
    if (!alike(node, match)) return null;
    const inputs: Value[] = [];
    for (const [k, input] of node.inputs.entries()) {
      const [a, b] = [own.get(input), others.get(match.inputs[k])];
      if (!a || !b) {
        if (a || b || twin.get(input) !== match.inputs[k]) return null;
        inputs.push(input);
      } else if (sameElements(a, b)) inputs.push(input);
      else {
        const data = node.op === "Reshape" && k === 1 ? withOneOpen(a, b) : null;
        if (data === null) return null;
        const value = { ...input, id: id++ };
        shapes.push({ value, data });
        inputs.push(value);
      }
    }
    for (const [k, output] of node.outputs.entries()) twin.set(output, match.outputs[k]);
    nodes.push({ ...node, inputs });
  }
  const batched = new Set<Value>();
  for (const value of [...graph.inputs, ...graph.outputs]) {
    const { shape } = twin.get(value)!;
    const differing = value.shape.flatMap((size, axis) => (size === shape[axis] ? [] : [axis]));
    if (differing.some((axis) => axis > 0)) return null;
    if (differing.length > 0) batched.add(value);
  }
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const constants = [...graph.constants, ...shapes].filter(({ value }) => read.has(value));
  return { graph: { ...graph, nodes, constants }, batched };
}

const alike = (a: Node, b: Node): boolean =>
  a.op === b.op &&
  a.domain === b.domain &&
  a.inputs.length === b.inputs.length &&
  a.outputs.length === b.outputs.length &&
  JSON.stringify(a.attributes) === JSON.stringify(b.attributes);

const sameElements = ({ data: a }: Constant, { data: b }: Constant): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => Object.is(value, b[i])));

/** The shape with −1 where the two differ; null where they differ in several places. */
function withOneOpen({ data: a }: Constant, { data: b }: Constant): BigInt64Array | null {
  if (!(a instanceof BigInt64Array) || a.length !== b.length) return null;
  const differing = Array.from(a.keys()).filter((i) => a[i] !== b[i]);
  return differing.length === 1 ? a.with(differing[0], -1n) : null;
}
