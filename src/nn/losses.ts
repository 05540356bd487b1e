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

/** Mean over the samples of −log softmax(logits)[label]; logits [N, K], labels [N] whole numbers. */
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
 * Mean of the binary cross-entropy −t log σ(x) − (1−t) log(1−σ(x)) of logits x against targets t in 0…1, of equal shapes,
 * in a form that neither overflows nor loses digits: log(1 + eˣ) − t·x.
 */
export const binaryCrossEntropy = (logits: Traced, targets: Traced | number): Traced =>
  mean(sub(softplus(logits), mul(logits, targets)));

/** Mean of the squared differences over all elements. */
export const meanSquaredError = (output: Traced, target: Traced): Traced => mean(square(sub(output, target)));
