import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import type { NodeContext, Op, OpTable } from "./context.js";

/**
 * −log p(label) in a model that computes its own loss. Log p is [N, C, …], the labels are [N, …].
 */
function negativeLogLikelihood(node: NodeContext, logProbabilities: Traced): Traced {
  if (node.has(2)) throw node.error("class weights are not supported");
  const [, classes] = logProbabilities.shape as [number, number];
  const labels = node.traced(1);
  const column = lang.reshape(labels, [labels.shape[0], 1, ...labels.shape.slice(1)]);
  const numbers = lang.constant(
    Int32Array.from({ length: classes }, (_, i) => i),
    [classes, ...labels.shape.slice(1).map(() => 1)],
    "int32",
  );
  const ignored = node.attributes.get("number", "ignore_index") ?? -1;
  const counts = lang.notEqual(column, ignored);
  const hit = lang.and(lang.equal(column, numbers), counts);
  const losses = lang.neg(lang.sum(lang.where(hit, logProbabilities, 0), [1]));
  const reduction = node.attributes.string("reduction", "mean");
  if (reduction === "none") return losses;
  const total = lang.sum(losses);
  return reduction === "sum" ? total : lang.div(total, lang.sum(lang.cast(counts, node.float)));
}

const softmaxCrossEntropy: Op = (node) => {
  const logProbabilities = lang.logSoftmax(node.tensor(0), 1);
  return [negativeLogLikelihood(node, logProbabilities), logProbabilities];
};

export const lossOps: OpTable = {
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
  NegativeLogLikelihoodLoss: (node) => negativeLogLikelihood(node, node.tensor(0)),
};
