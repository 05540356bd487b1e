import { concat, matmul, reshape, sum, type Traced, transpose, vjp } from "../engine/lang/index.js";
import { runLength } from "./channel-rows.js";

/** An op as a function of its weight, the other values it depends on held. */
interface WeightedOp {
  readonly value: Traced;
  readonly operands: readonly Traced[];
  apply(weight: Traced, operands: readonly Traced[]): Traced;
}

/** Elements of a weight gradient whose products are summed at a time. */
const RUN = 1 << 14;

/** Pulls cotangents of the op's output back to its weight; the inner products of what arrives there. */
export function weightGram({ value, operands, apply }: WeightedOp, cotangents: readonly Traced[]): Traced {
  const { pullback } = vjp((w) => ({ out: [apply(w, operands)], aux: [] }), [value]);
  const { size, shape } = value;
  const run = runLength(size, RUN);
  // Kernels' taps first, as the engine leaves their gradients: the order does not matter to a sum.
  const order = [...shape.keys()].slice(2).concat(shape.length > 1 ? [0, 1] : [0]);
  const rows = cotangents.map((cotangent) =>
    reshape(transpose(pullback([cotangent])[0], order), [size / run, 1, run]),
  );
  const stacked = concat(rows, 1);
  return sum(matmul(stacked, transpose(stacked, [0, 2, 1])), [0]);
}
