import { sizeOf } from "../../tensor.js";
import { type Graph, type Node, nextId, type Value } from "../graph.js";
import { type Buffer, BufferPlanner, usage } from "../memory/buffers.js";
import { executionOrder } from "../memory/execution-order.js";

/** Buffers of fewer bytes are not worth it. */
const FEWEST_BYTES = 1 << 18;

/** Nor are programs that take less than this. */
const SMALL = 1 << 25;

/** A peak this much above what the values themselves need is left. */
const SLACK = 1.02;

/** Taking buffers from some values hands them to others; it settles within a few rounds. */
const MOST_ROUNDS = 12;

/**
 * Memory that nothing lives in at the peak is given back. ONNX Runtime keeps the buffer of a dead value for the next value of
 * its shape, through all that happens in between: a network's backward pass finds the buffers of its forward pass still held. It
 * does so only where it knows shapes beforehand. So the shapes that the Reshapes above such a next value are told go
 * through an Identity, Reshape(x, s) = Reshape(x, Identity(s)), which says the same and hides it.
 */
export function releasePromptly(graph: Graph): Graph {
  const order = executionOrder(graph);
  const planner = new BufferPlanner(graph, order);
  if (Math.max(...usage(planner.plan(new Set()), order.length)) < SMALL) return graph;
  const reshapes = reshapesAbove(graph);
  const all = new Set(order.filter(({ op }) => op === "Reshape"));
  const needed = Math.max(...usage(planner.plan(all), order.length));
  const opaque = new Set<Node>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const buffers = planner.plan(opaque);
    const before = opaque.size;
    for (const step of needlessSteps(buffers, order.length, SLACK * needed))
      for (const reshape of reshapes.get(order[step]!)!) opaque.add(reshape);
    if (opaque.size === before) break;
  }
  return withHiddenShapes(graph, opaque);
}

/** The steps that take over a buffer which lay idle while more than `limit` bytes were in use. */
function needlessSteps(buffers: readonly Buffer[], steps: number, limit: number): number[] {
  // How many of the steps before each one are above the limit.
  const above = new Int32Array(steps + 3);
  usage(buffers, steps).forEach((bytes, step) => {
    above[step + 1] = above[step]! + (bytes > limit ? 1 : 0);
  });
  return buffers.flatMap(({ bytes, tenants }) =>
    bytes < FEWEST_BYTES
      ? []
      : tenants.slice(1).flatMap(({ from }, i) => (above[from]! > above[tenants[i]!.to + 1]! ? [from] : [])),
  );
}

/** For each node the last Reshapes on the way to it, by way of the operands that tell its shape: the largest ones. */
function reshapesAbove({ nodes }: Graph): Map<Node, ReadonlySet<Node>> {
  const producers = new Map<Value, Node>();
  const found = new Map<Node, ReadonlySet<Node>>();
  for (const node of nodes) {
    const sizes = node.inputs.map((input) => (producers.has(input) ? sizeOf(input.shape) : 0));
    const largest = node.inputs.filter((_, i) => sizes[i]! > 0 && sizes[i] === Math.max(...sizes));
    const above = largest.flatMap((input) => {
      const producer = producers.get(input)!;
      return producer.op === "Reshape" ? [producer] : [...found.get(producer)!];
    });
    found.set(node, new Set(above));
    for (const output of node.outputs) producers.set(output, node);
  }
  return found;
}

function withHiddenShapes(graph: Graph, opaque: ReadonlySet<Node>): Graph {
  if (opaque.size === 0) return graph;
  let id = nextId(graph);
  const hidden = new Map<Value, Value>();
  const identities: Node[] = [];
  const hide = (shape: Value, { origin }: Node): Value => {
    const known = hidden.get(shape);
    if (known !== undefined) return known;
    const copy = { ...shape, id: id++ };
    identities.push({ op: "Identity", domain: "", inputs: [shape], attributes: {}, outputs: [copy], origin });
    hidden.set(shape, copy);
    return copy;
  };
  const nodes = graph.nodes.map((node) =>
    opaque.has(node) ? { ...node, inputs: [node.inputs[0]!, hide(node.inputs[1]!, node)] } : node,
  );
  return { ...graph, nodes: [...identities, ...nodes] };
}
