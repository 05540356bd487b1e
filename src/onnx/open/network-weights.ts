import type { GraphIndex } from "../graph-index.js";
import type { OnnxNode } from "../model.js";
import { weightInput } from "./linear-op.js";
import type { StoredWeight } from "./opened-model.js";
import type { Step } from "./plan-steps.js";

/**
 * The names of the stored weights that the value `value` is computed from and that have two axes or
 * more: one for a plain weight, direction and length for a weight under weight normalization.
 */
export function weightSources(
  index: GraphIndex,
  value: string,
  stored: ReadonlyMap<string, StoredWeight>,
): string[] {
  const found = new Set<string>();
  const pending = [value];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const source = index.source(name);
    const weight = stored.get(source);
    if (weight !== undefined) {
      if (weight.spec.shape.length >= 2) found.add(source);
      continue;
    }
    pending.push(...(index.writer(source)?.inputs.filter(Boolean) ?? []));
  }
  return [...found].reverse();
}

/**
 * The names of all stored weights of linear ops and embeddings. Biases, affine parameters and
 * constants are not among them, whatever their shape.
 */
export function networkWeights(
  index: GraphIndex,
  steps: readonly Step[],
  stored: ReadonlyMap<string, StoredWeight>,
): string[] {
  const names = steps.flatMap((step) => {
    if (step.kind === "layer") return [];
    const operand = trainedOperand(step.node, index);
    return operand === null ? [] : weightSources(index, operand, stored);
  });
  return [...new Set(names)];
}

/**
 * The value that holds the weight of a linear op, or the table of an embedding; null for other
 * nodes.
 */
function trainedOperand(node: OnnxNode, index: GraphIndex): string | null {
  if (node.domain !== "") return null;
  const position = weightInput(node, index);
  if (position !== null) return node.inputs[position];
  const isEmbedding =
    node.op === "Gather" && !index.dependsOnData(node.inputs[0]) && index.dependsOnData(node.inputs[1]);
  return isEmbedding ? node.inputs[0] : null;
}
