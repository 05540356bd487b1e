import { full } from "../../engine/lang/index.js";
import { constantly } from "../layers.js";
import type { LayerFunction, Registry } from "../network.js";
import { type Norm, type NormName, norm } from "../norms/index.js";

/** Makes a normalization layer for samples of shape `features`, [C, …], and registers its affine parameters. */
export type NormLayer = (registry: Registry, name: string, features: readonly number[]) => LayerFunction;

/**
 * The norm of that name as a layer of a network in training. State that a norm keeps between batches has its
 * initial value here: batch norm does not read it in training.
 */
export function normLayer(name: NormName): NormLayer {
  return layerOf(norm(name));
}

const layerOf =
  (norm: Norm): NormLayer =>
  (registry, name, features) => {
    const shape = [1, ...features];
    const parameters = norm
      .parameters(shape)
      .map((p) => registry.add(`${name}.${p.name}`, p.shape, constantly(p.initial)));
    return (values, x) => {
      const state = norm.state(x.shape).map((s) => full(s.shape, s.initial, "float32"));
      const y = norm.standardize(x, state);
      return norm.affine(
        y,
        parameters.map((read) => read(values)),
      );
    };
  };
