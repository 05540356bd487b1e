import { flatten, linear, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import { normLayer } from "../norm-layer.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";

/** Sizes and normalization of a multilayer perceptron. */
export interface MlpOptions {
  /** Elements of one sample. */
  readonly inputs: number;
  /** Units of each hidden layer. */
  readonly hidden: readonly number[];
  /** Normalization after the linear op of each hidden layer. */
  readonly norm: NormName;
  /** Number of classes. Default 10. */
  readonly classes?: number;
}

/**
 * Makes a multilayer perceptron, from samples [N, …] to logits [N, classes]. Each hidden layer is
 * linear → norm → ReLU.
 *
 * @param options - Inputs, hidden layers, normalization and number of classes.
 * @returns The classifier.
 *
 * @example
 * ```ts
 * import { mlp } from "blindspot/nn";
 *
 * const net = mlp({ inputs: 784, hidden: [512, 256], norm: "bn" });
 * ```
 */
export function mlp({ inputs, hidden, norm, classes = 10 }: MlpOptions): Classifier {
  const registry = new Registry();
  const layers: LayerFunction[] = [flatten];
  let width = inputs;
  for (const [i, units] of hidden.entries()) {
    layers.push(linear(registry, `fc${i + 1}`, { inputs: width, outputs: units }));
    layers.push(normLayer(norm)(registry, `norm${i + 1}`, [units]), relu);
    width = units;
  }
  return classifier(registry, {
    body: chain(...layers),
    head: linear(registry, "head", { inputs: width, outputs: classes }),
  });
}
