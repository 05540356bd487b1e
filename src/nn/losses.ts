import {
  constant,
  dtypeOf,
  equal,
  logSoftmax,
  mean,
  mul,
  reshape,
  softplus,
  square,
  sub,
  sum,
  type Traced,
  where,
} from "../engine/lang/index.js";

/**
 * Cross-entropy: the mean over the samples of −log softmax(logits)[label].
 *
 * @param logits - One row of K logits per sample, [N, K].
 * @param labels - One class number per sample, [N], whole numbers in 0…K−1.
 * @returns The loss, a scalar in nats.
 *
 * @example
 * ```ts
 * import { compile } from "blindspot/engine";
 * import { crossEntropy } from "blindspot/nn";
 *
 * const logits = { dtype: "float32", shape: [1, 2], data: Float32Array.of(0, 0) } as const;
 * const labels = { dtype: "int32", shape: [1], data: Int32Array.of(1) } as const;
 * const program = await compile((x, t) => [crossEntropy(x, t)], [logits, labels]);
 * const [loss] = await program.run([logits, labels]);
 * console.log(loss.data[0]); // log 2
 * await program.dispose();
 * ```
 */
export function crossEntropy(logits: Traced, labels: Traced): Traced {
  const [samples, classes] = logits.shape as [number, number];
  const numbers = constant(
    Int32Array.from({ length: classes }, (_, k) => k),
    [1, classes],
    dtypeOf(labels),
  );
  const chosen = equal(reshape(labels, [samples, 1]), numbers);
  return mul(sum(where(chosen, logSoftmax(logits, 1), 0)), -1 / samples);
}

/**
 * Binary cross-entropy: the mean over all elements of −t log σ(x) − (1−t) log(1−σ(x)). It is
 * computed as log(1 + eˣ) − t·x, which neither overflows nor loses digits.
 *
 * @param logits - Logits x of any shape.
 * @param targets - Targets t in 0…1, of the shape of `logits`, or one number for all.
 * @returns The loss, a scalar in nats.
 *
 * @example
 * ```ts
 * import { compile } from "blindspot/engine";
 * import { binaryCrossEntropy } from "blindspot/nn";
 *
 * const logits = { dtype: "float32", shape: [2], data: Float32Array.of(0, 0) } as const;
 * const program = await compile((x) => [binaryCrossEntropy(x, 1)], [logits]);
 * const [loss] = await program.run([logits]);
 * console.log(loss.data[0]); // log 2
 * await program.dispose();
 * ```
 */
export const binaryCrossEntropy = (logits: Traced, targets: Traced | number): Traced =>
  mean(sub(softplus(logits), mul(logits, targets)));

/**
 * Mean squared error: the mean over all elements of (output − target)².
 *
 * @param output - Output of a network, of any shape.
 * @param target - Target of the same shape.
 * @returns The loss, a scalar.
 *
 * @example
 * ```ts
 * import { compile } from "blindspot/engine";
 * import { meanSquaredError } from "blindspot/nn";
 *
 * const x = { dtype: "float32", shape: [2], data: Float32Array.of(1, 3) } as const;
 * const target = { dtype: "float32", shape: [2], data: Float32Array.of(1, 1) } as const;
 * const program = await compile((a, b) => [meanSquaredError(a, b)], [x, target]);
 * const [loss] = await program.run([x, target]);
 * console.log(loss.data[0]); // 2
 * await program.dispose();
 * ```
 */
export const meanSquaredError = (output: Traced, target: Traced): Traced => mean(square(sub(output, target)));
