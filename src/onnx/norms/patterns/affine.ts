import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";
import type { AffineOperand } from "../statistics.js";

/** The affine phase that follows a standardization. */
export interface AffinePhase {
  /** Name of the value after the last of `nodes`; the standardized value where there are none. */
  readonly output: string;
  readonly scale: AffineOperand | null;
  readonly bias: AffineOperand | null;
  readonly nodes: readonly OnnxNode[];
}

/**
 * Follows a standardized value through its affine phase: a Mul, then an Add, each with a value that
 * does not depend on the data. Either may be missing. The phase ends where another node also reads
 * the value. With `scaled`, γ is folded in already, and only an Add may follow.
 */
export function affinePhaseAfter(
  standardized: string,
  index: GraphIndex,
  { scaled: isScaled = false }: { readonly scaled?: boolean } = {},
): AffinePhase {
  const scale = isScaled ? null : constantOperand("Mul", standardized, index);
  const scaled = scale?.node.outputs[0] ?? standardized;
  const bias = constantOperand("Add", scaled, index);
  return {
    output: bias?.node.outputs[0] ?? scaled,
    scale: scale?.operand ?? null,
    bias: bias?.operand ?? null,
    nodes: [...(scale ? [scale.node] : []), ...(bias ? [bias.node] : [])],
  };
}

/**
 * The only reader of `value`, if it is an `op` with a second operand that is the same for every
 * batch.
 */
function constantOperand(
  op: "Mul" | "Add",
  value: string,
  index: GraphIndex,
): { operand: AffineOperand; node: OnnxNode } | null {
  const node = index.onlyReader(value);
  if (node?.op !== op) return null;
  const other = node.inputs[node.inputs[0] === value ? 1 : 0];
  if (other === value || index.dependsOnData(other)) return null;
  return { operand: { value: other, per: "element" }, node };
}
