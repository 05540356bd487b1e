import { chain, type LayerFunction, type Network, networkOf, type Registry } from "../network.js";

/** A network from samples to logits [N, K]. */
export interface Classifier extends Network {
  /** The network without its head: samples → features [N, D]. Shares all parameters. */
  readonly features: Network;
}

/** A classifier in two parts. */
export interface ClassifierParts {
  /** Samples → features [N, D]. */
  readonly body: LayerFunction;
  /** Features [N, D] → logits [N, K]. */
  readonly head: LayerFunction;
}

/**
 * Makes a classifier of a body and a head.
 *
 * @param registry - Holds the parameters and buffers of both parts.
 * @param parts - The body and the head.
 * @returns The classifier and, as `features`, its body.
 *
 * @example
 * ```ts
 * import { chain, classifier, flatten, linear, Registry, relu } from "blindspot/nn";
 *
 * const registry = new Registry();
 * const net = classifier(registry, {
 *   body: chain(flatten, linear(registry, "fc1", { inputs: 16, outputs: 8 }), relu),
 *   head: linear(registry, "head", { inputs: 8, outputs: 10 }),
 * });
 * ```
 */
export function classifier(registry: Registry, { body, head }: ClassifierParts): Classifier {
  return { ...networkOf(registry, chain(body, head)), features: networkOf(registry, body) };
}
