import { flatten, linear, relu } from "../layers.js";
import { chain, type LayerFunction, Registry } from "../network.js";
import type { NormName } from "../norms/index.js";
import { type Classifier, classifier } from "./classifier.js";
import { normLayer } from "./norm-layer.js";

interface MlpOptions {
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly norm: NormName;
  readonly classes?: number;
}

/** Fully connected classifier: each hidden layer is linear, then `norm`, then ReLU. */
export function mlp({ inputs, hidden, norm, classes = 10 }: MlpOptions): Classifier {
  const registry = new Registry();
  const layers: LayerFunction[] = [flatten];
  let width = inputs;
  for (const [i, units] of hidden.entries()) {
    layers.push(linear(registry, `fc${i + 1}`, width, units));
    layers.push(normLayer(norm)(registry, `norm${i + 1}`, [units]), relu);
    width = units;
  }
  return classifier(registry, { body: chain(...layers), head: linear(registry, "head", width, classes) });
}
