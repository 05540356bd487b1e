import type { Traced } from "../engine/lang/index.js";
import * as lang from "../engine/lang/index.js";
import type { Evaluation } from "./evaluation.js";
import type { GraphIndex } from "./graph-index.js";
import type { OnnxNode } from "./model.js";
import { alongSoftmaxAxis } from "./ops/activation.js";
import { NodeContext } from "./ops/context.js";

/**
 * The activation that ends a model. Losses read the value before it, because the logarithm of a
 * saturated softmax or sigmoid is infinite.
 */
export interface Head {
  readonly activation: "softmax" | "log-softmax" | "sigmoid";
  /** The node of the activation. */
  readonly node: OnnxNode;
  /** Nodes after the activation, in order. They only move elements, so they commute with it. */
  readonly after: readonly OnnxNode[];
  /** Name of the model's output. */
  readonly output: string;
}

const activations: Readonly<Record<string, Head["activation"]>> = {
  Softmax: "softmax",
  LogSoftmax: "log-softmax",
  Sigmoid: "sigmoid",
};

const movements = new Set(["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"]);

/** Finds the activation that ends the model at `output`; null if another op does. */
export function findHead(index: GraphIndex, output: string): Head | null {
  const after: OnnxNode[] = [];
  for (let value = output; ; ) {
    const node = index.writer(value);
    if (node?.domain !== "") return null;
    const activation = activations[node.op];
    if (activation) return { activation, node, after: after.reverse(), output };
    if (!movements.has(node.op)) return null;
    after.push(node);
    value = node.inputs[0];
  }
}

/**
 * Traces the output without its activation: log-probabilities for a softmax, logits for a sigmoid.
 */
export function traceBeforeHead({ activation, node, after, output }: Head, evaluation: Evaluation): Traced {
  const context = new NodeContext(node, evaluation);
  const x = context.tensor(0);
  const before = activation === "sigmoid" ? x : alongSoftmaxAxis(context, x, lang.logSoftmax);
  const scope = evaluation.with(new Map([[node.outputs[0], before]]));
  for (const next of after) scope.run(next);
  return scope.traced(output);
}
