import { add, mul } from "../../engine/lang/index.js";
import { perChannel } from "./moments.js";
import type { DeclaredTensor, Norm } from "./norm.js";

type AffinePhase = Pick<Norm, "parameters" | "affine">;

const weight = (shape: readonly number[]): DeclaredTensor => ({
  name: "weight",
  shape,
  initial: 1,
  trainable: true,
});
const bias = (shape: readonly number[]): DeclaredTensor => ({
  name: "bias",
  shape,
  initial: 0,
  trainable: true,
});

/** z = γ_c·y + β_c, with one γ and β per channel. */
export const channelAffine: AffinePhase = {
  parameters: (shape) => [weight([shape[1]]), bias([shape[1]])],
  affine: (y, [gamma, beta]) => add(mul(y, perChannel(gamma, y)), perChannel(beta, y)),
};

/** z = γ∘y + β, with γ and β of the shape of one sample. */
export const sampleAffine: AffinePhase = {
  parameters: (shape) => [weight(shape.slice(1)), bias(shape.slice(1))],
  affine: (y, [gamma, beta]) => add(mul(y, gamma), beta),
};

/** z = γ∘y, with γ of the shape of one sample. */
export const sampleScale: AffinePhase = {
  parameters: (shape) => [weight(shape.slice(1))],
  affine: (y, [gamma]) => mul(y, gamma),
};

/** z = y. */
export const noAffine: AffinePhase = { parameters: () => [], affine: (y) => y };
