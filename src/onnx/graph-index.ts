import { sizeOf } from "../base/tensor.js";
import type { Initializer, OnnxGraph, OnnxNode } from "./model.js";

/** The node that writes each value of a graph and the nodes that read it. Used to find patterns. */
export class GraphIndex {
  readonly #writers = new Map<string, OnnxNode>();
  readonly #readers = new Map<string, OnnxNode[]>();
  readonly #dataDependent: ReadonlySet<string>;

  constructor(readonly graph: OnnxGraph) {
    for (const node of graph.nodes) {
      for (const name of node.outputs) if (name) this.#writers.set(name, node);
      for (const name of readsOf(node)) {
        const readers = this.#readers.get(name);
        if (readers) readers.push(node);
        else this.#readers.set(name, [node]);
      }
    }
    this.#dataDependent = dataDependentValues(graph);
  }

  /** The node that writes `value`; undefined for inputs and stored tensors. */
  writer(value: string): OnnxNode | undefined {
    return this.#writers.get(value);
  }

  /** The nodes that read `value`, those with subgraphs that read it included. */
  readers(value: string): readonly OnnxNode[] {
    return this.#readers.get(value) ?? [];
  }

  /**
   * The only node that reads `value`; undefined if there are others or `value` is a graph output.
   */
  onlyReader(value: string): OnnxNode | undefined {
    const [first, ...others] = this.readers(value);
    return others.length > 0 || this.graph.outputs.some((o) => o.name === value) ? undefined : first;
  }

  /** Whether `value` depends on an input of the graph, and so may differ from batch to batch. */
  dependsOnData(value: string): boolean {
    return this.#dataDependent.has(value);
  }

  /** Follows `value` back through nodes that keep its elements, to the value they started from. */
  source(value: string, through: ReadonlySet<string> = sameElements): string {
    for (let name = value; ; ) {
      const node = this.writer(name);
      if (node?.domain !== "" || !through.has(node.op) || !node.inputs[0]) return name;
      name = node.inputs[0];
    }
  }

  /** The stored tensor behind `value`, through nodes that move or repeat its elements. */
  initializer(value: string): Initializer | undefined {
    return this.graph.initializers.get(this.source(value));
  }

  /** The stored number behind `value`; undefined if `value` is not one stored number. */
  scalar(value: string): number | undefined {
    const numbers = this.numbers(value);
    return numbers?.length === 1 ? numbers[0] : undefined;
  }

  /** The elements of the small stored tensor (at most 2¹⁶ elements) behind `value`. */
  numbers(value: string): readonly number[] | undefined {
    const found = this.graph.initializers.get(this.source(value, unchanged));
    if (!found || found.elementType === "string" || sizeOf(found.spec.shape) > 65536) return undefined;
    return Array.from(found.numbers());
  }
}

const unchanged = new Set(["Identity", "Cast"]);
const sameElements = new Set([
  ...unchanged,
  "Reshape",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
  "Expand",
  "Tile",
  "Flatten",
]);

/** Every name that a node reads, in its subgraphs too. */
export function readsOf(node: OnnxNode): string[] {
  const own = node.inputs.filter(Boolean);
  const nested = node.attributes
    .graphs()
    .flatMap((graph) => [...graph.nodes.flatMap(readsOf), ...graph.outputs.map((o) => o.name)]);
  return [...own, ...nested];
}

/**
 * Names of the values that depend on the data. Shape and Size do not: shapes are known while
 * tracing.
 */
function dataDependentValues(graph: OnnxGraph): Set<string> {
  const values = new Set(graph.inputs.map((i) => i.name));
  for (const node of graph.nodes)
    if (node.op !== "Shape" && node.op !== "Size" && readsOf(node).some((name) => values.has(name)))
      for (const name of node.outputs) values.add(name);
  return values;
}
