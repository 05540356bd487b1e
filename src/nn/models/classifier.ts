import { chain, type LayerFunction, type Network, networkOf, type Registry } from "../network.js";

/** A network with a linear head, and the same up to what enters the head, with the same parameters. */
export interface Classifier extends Network {
  /** The penultimate features [N, D] in place of the logits. */
  readonly features: Network;
}

/** The classifier that `build` describes by its body and its head. */
export function classifier(
  registry: Registry,
  { body, head }: { readonly body: LayerFunction; readonly head: LayerFunction },
): Classifier {
  return { ...networkOf(registry, chain(body, head)), features: networkOf(registry, body) };
}
