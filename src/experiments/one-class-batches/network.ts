import { flatten, linear, relu } from "../../nn/layers.js";
import { normLayer } from "../../nn/models/norm-layer.js";
import { chain, type Network, networkOf, Registry } from "../../nn/network.js";
import type { NormName } from "../../nn/norms/index.js";

/** A classifier, and the same up to its penultimate features and up to its norm, with the same parameters. */
export interface Classifier {
  readonly whole: Network;
  readonly body: Network;
  readonly below: Network;
}

/** Two hidden layers with ReLU, `norm` after the second, then the linear head, whose inputs are the features. */
export function classifier(
  inputs: number,
  [first, second]: readonly [number, number],
  classes: number,
  norm: NormName,
): Classifier {
  const registry = new Registry();
  const below = chain(
    flatten,
    linear(registry, "fc1", inputs, first),
    relu,
    linear(registry, "fc2", first, second),
  );
  const body = chain(below, normLayer(norm)(registry, "norm", [second]), relu);
  const head = linear(registry, "head", second, classes);
  return {
    whole: networkOf(registry, chain(body, head)),
    body: networkOf(registry, body),
    below: networkOf(registry, below),
  };
}
