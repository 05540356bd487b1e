import { concat, matmul, reshape, type Traced, transpose, vjp } from "../engine/lang/index.js";

/** An op as a function of its weight, the other values it depends on held. */
interface WeightedOp {
  readonly value: Traced;
  readonly operands: readonly Traced[];
  apply(weight: Traced, operands: readonly Traced[]): Traced;
}

/** Pulls cotangents of the op's output back to its weight; the inner products of what arrives there. */
export function weightGram({ value, operands, apply }: WeightedOp, cotangents: readonly Traced[]): Traced {
  const { pullback } = vjp((w) => ({ out: [apply(w!, operands)], aux: [] }), [value]);
  const rows = cotangents.map((cotangent) => reshape(pullback([cotangent])[0]!, [1, value.size]));
  const stacked = concat(rows, 0);
  return matmul(stacked, transpose(stacked, [1, 0]));
}
