import { UserError } from "../../base/errors.js";
import { stopGradient } from "../../engine/lang/index.js";
import { constantly } from "../layers.js";
import type { Initializer, LayerFunction, Registry } from "../network.js";
import { type Norm, type NormName, type NormOptions, norm } from "../norms/index.js";

/** Makes a normalization layer for samples of shape `features`, [C, …], and registers what it owns. */
export type NormLayer = (registry: Registry, name: string, features: readonly number[]) => LayerFunction;

/**
 * The norm of that name as a layer. In training it leaves the new running statistics, where the norm has them, to
 * the next pass; in evaluation it uses them. What a norm trains beside its affine parameters starts from its
 * declared values: ActNorm is not set by the first batch. `scale` says how γ starts: at 1 unless told.
 */
export const normLayer = (name: NormName, options: NormOptions = {}, scale?: Initializer): NormLayer =>
  layerOf(featureNorm(name, options), scale);

/** The norm of that name. Throws a UserError where there is none, or where it standardizes weights, not features. */
export function featureNorm(name: NormName, options: NormOptions = {}): Norm {
  const chosen = norm(name, options);
  if (chosen.normalizes === "weights")
    throw new UserError(`norm ${name}: ${chosen.title} applies to weights, expected a norm of features`);
  return chosen;
}

const layerOf =
  (norm: Norm, scale: Initializer | undefined): NormLayer =>
  (registry, name, features) => {
    const shape = [1, ...features];
    const state = norm.state(shape).map((s) => {
      const path = `${name}.${s.name}`;
      if (s.trainable) return { read: registry.add(path, s.shape, constantly(s.initial)), write: () => {} };
      return registry.addBuffer(path, s.shape, s.initial);
    });
    const parameters = norm.parameters(shape).map((p) => {
      const initialize = p.name === "weight" ? scale : undefined;
      return registry.add(`${name}.${p.name}`, p.shape, initialize ?? constantly(p.initial));
    });
    return (pass, input) => {
      const replaced = pass.cut?.({ name, norm, x: input });
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
