import type { OnnxGraph, OnnxNode } from "../model.js";
import { normOperatorOf } from "./kinds.js";

/** A normalization inside a branch or the body of a loop. */
export interface NestedNorm {
  readonly op: string;
  readonly name: string;
  /** The node of the main graph that holds it. */
  readonly inside: OnnxNode;
}

/**
 * The normalizations in the subgraphs of some nodes: in branches of If, in bodies of Loop and Scan.
 */
export const nestedNorms = (nodes: readonly OnnxNode[]): NestedNorm[] =>
  nodes.flatMap((inside) =>
    inside.attributes
      .graphs()
      .flatMap(allNodes)
      .filter((node) => normOperatorOf(node) !== null)
      .map(({ op, name }) => ({ op, name, inside })),
  );

const allNodes = (graph: OnnxGraph): OnnxNode[] =>
  graph.nodes.flatMap((node) => [node, ...node.attributes.graphs().flatMap(allNodes)]);

/** Where the nested normalizations are, in words; null where there are none. */
export function nestedNormsInWords(nodes: readonly OnnxNode[]): string | null {
  const [first, ...others] = nestedNorms(nodes);
  if (!first) return null;
  const count = others.length + 1;
  return `${count} normalization(s) such as ${first.op} "${first.name}" are inside ${first.inside.op} node "${first.inside.name}"`;
}
