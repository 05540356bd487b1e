import { UserError } from "../base/errors.js";
import { stopGradient } from "../engine/lang/index.js";
import { constantValue } from "./initializers.js";
import type { Initializer, LayerFunction, Registry } from "./network.js";
import { type Norm, type NormName, type NormOptions, norm } from "./norms/index.js";

/**
 * Makes a normalization layer for samples of the shape `features`, [C, …]. Its parameters and
 * running statistics go to the registry under `<name>.`.
 */
export type NormLayer = (registry: Registry, name: string, features: readonly number[]) => LayerFunction;

/**
 * Makes layers of a normalization. In training, a layer uses the statistics of the batch and
 * updates its running statistics, if it keeps any; in evaluation, it uses the running statistics.
 * Parameters of the standardization itself start from their declared values: the first batch does
 * not set those of ActNorm.
 *
 * @param name - Name of the normalization, such as `bn`, `ln` or `gn:4`.
 * @param options - ε. Default: the normalization's own.
 * @param scale - Fills in the first γ. Default: 1.
 * @returns A function that makes a layer and registers its parameters and buffers.
 * @throws {@link UserError} if there is no such normalization, or if it applies to weights.
 *
 * @example
 * ```ts
 * import { chain, conv, network, normLayer, relu } from "blindspot/nn";
 *
 * const net = network((registry) =>
 *   chain(
 *     conv(registry, "conv1", { inputs: 3, outputs: 16, kernel: 3, padding: 1 }),
 *     normLayer("gn:4")(registry, "norm1", [16, 32, 32]),
 *     relu,
 *   ),
 * );
 * ```
 */
export const normLayer = (name: NormName, options: NormOptions = {}, scale?: Initializer): NormLayer =>
  layerOf(featureNorm(name, options), scale);

/**
 * Finds a normalization of features by its name. Throws a UserError if there is none of that name,
 * or if it applies to weights.
 */
export function featureNorm(name: NormName, options: NormOptions = {}): Norm {
  const chosen = norm(name, options);
  if (chosen.normalizes === "weights")
    throw new UserError(
      `norm ${name}: expected a norm of features, got ${chosen.title}, which applies to weights; choose another norm`,
    );
  return chosen;
}

const layerOf =
  (norm: Norm, scale: Initializer | undefined): NormLayer =>
  (registry, name, features) => {
    const shape = [1, ...features];
    const state = norm.state(shape).map((s) => {
      const path = `${name}.${s.name}`;
      if (s.trainable)
        return { read: registry.add(path, s.shape, constantValue(s.initial)), write: () => {} };
      return registry.addBuffer(path, s.shape, s.initial);
    });
    const parameters = norm.parameters(shape).map((p) => {
      const initialize = p.name === "weight" ? scale : undefined;
      return registry.add(`${name}.${p.name}`, p.shape, initialize ?? constantValue(p.initial));
    });
    return (pass, input) => {
      const replaced = pass.replaceNorm?.({ name, norm, x: input });
      if (replaced) return replaced;
      const before = state.map(({ read }) => read(pass));
      const affine = parameters.map((read) => read(pass));
      if (!pass.training) return norm.affine((norm.evaluate ?? norm.standardize)(input, before), affine);
      const x = pass.probe?.entering(name, norm, input) ?? input;
      const after = norm.update?.(stopGradient(x), before) ?? before;
      for (const [i, { write }] of state.entries()) write(pass, after[i]);
      const y = norm.standardize(x, before);
      return norm.affine(pass.probe?.standardized(name, norm, x, y) ?? y, affine);
    };
  };
