import {
  constant,
  dtypeOf,
  equal,
  logSoftmax,
  mean,
  mul,
  reshape,
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

/** Mean of the squared differences over all elements. */
export const meanSquaredError = (output: Traced, target: Traced): Traced => mean(square(sub(output, target)));
