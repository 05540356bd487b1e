import {
  addressesOf,
  type FloatArray,
  type GroupLayout,
  type Standardized,
  standardizeAdjoint,
} from "../../theory/index.js";
import type { TaylorReport } from "../report/result.js";
import type { HessianDiagonal, Share } from "./hessian-diagonal.js";

/** Derivatives of the loss at a layer on the batch. Every array has the shape of z. */
export interface Derivatives {
  /** z − ẑ. */
  readonly deviation: Float64Array;
  /** g: ∂L/∂z at ẑ. */
  readonly first: FloatArray;
  /** H(z − ẑ), with the Hessian H at ẑ. */
  readonly second: FloatArray;
  readonly diagonal: HessianDiagonal;
  /** ∂L/∂z at z. */
  readonly whole: FloatArray;
}

/** The layer whose standardization the gradients of the terms go through. */
export interface Standardization {
  readonly layout: GroupLayout;
  readonly standardized: Standardized;
  /** γ, repeated for every element. */
  readonly scale: FloatArray;
  readonly share: Share;
}

/**
 * Computes the Taylor terms of the loss as gradients, each with three lengths: `gradient` (at z),
 * `open` (at x if the statistics were constants: γ·term/σ) and `passed` (at x).
 * Source: docs/theory.md, section 6.
 */
export function taylorTerms(derivatives: Derivatives, layer: Standardization): TaylorReport["terms"] {
  const { deviation, first, second, diagonal: hessian, whole } = derivatives;
  const diag = times(hessian.diagonal, deviation);
  const off = Float64Array.from(second, (h, e) => h - diag[e]);
  const higher = Float64Array.from(whole, (g, e) => g - first[e] - second[e]);
  const term = (gradient: FloatArray) => norms(gradient, layer);
  const error = (of: Float64Array | undefined) =>
    of ? { error: errorNorms(times(of, deviation), layer) } : {};
  // off = second − diag, so both have the same error.
  const noise = error(hessian.error?.diagonal);
  return {
    first: term(first),
    firstShared: term(layer.share(first)),
    diag: { ...term(diag), ...noise },
    diagShared: { ...term(times(hessian.shared, deviation)), ...error(hessian.error?.shared) },
    off: { ...term(off), ...noise },
    higher: term(higher),
    whole: term(whole),
  };
}

function norms(
  gradient: FloatArray,
  layer: Standardization,
): { gradient: number; open: number; passed: number } {
  const { layout, standardized, scale } = layer;
  const arriving = times(gradient, scale);
  return {
    gradient: norm(gradient),
    open: norm(overSigma(arriving, layer)),
    passed: norm(standardizeAdjoint(arriving, standardized, layout)),
  };
}

/**
 * Root mean square distance of an estimated term from the exact one, given the errors of its
 * elements.
 */
function errorNorms(error: Float64Array, layer: Standardization): { gradient: number; open: number } {
  return { gradient: norm(error), open: norm(overSigma(times(error, layer.scale), layer)) };
}

function overSigma(gradient: Float64Array, { layout, standardized }: Standardization): Float64Array {
  const result = new Float64Array(gradient.length);
  const { starts, offsets } = addressesOf(layout);
  for (const [group, start] of starts.entries())
    for (const offset of offsets) {
      const e = start + offset;
      result[e] = standardized.sigma[group] === 0 ? 0 : gradient[e] / standardized.sigma[group];
    }
  return result;
}

const times = (a: FloatArray, b: FloatArray): Float64Array => Float64Array.from(a, (v, e) => v * b[e]);

function norm(values: FloatArray): number {
  let sum = 0;
  for (const v of values) sum += v * v;
  return Math.sqrt(sum);
}
