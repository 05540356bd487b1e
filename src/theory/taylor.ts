import { type Addresses, addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import { offDiagonalRow, sampleBlocks } from "./sample-blocks.js";
import type { FloatArray } from "./standardize.js";

/** A twice differentiable loss ℓ of one sample's D features. */
export interface SampleLoss {
  /** ℓ(z). */
  value(z: Float64Array): number;
  /** g = ∂ℓ/∂z [D]. */
  gradient(z: Float64Array): Float64Array;
  /** H = ∂²ℓ/∂z∂zᵀ [D, D], row by row, symmetric. */
  hessian(z: Float64Array): Float64Array;
}

/** The loss of one sample around ẑ, up to second order: ℓ(z) ≈ ℓ(ẑ) + gᵀ(z−ẑ) + ½(z−ẑ)ᵀH(z−ẑ). */
export interface Expansion {
  /** ẑ [D]. */
  readonly point: Float64Array;
  /** ℓ(ẑ). */
  readonly value: number;
  /** g [D]. */
  readonly gradient: Float64Array;
  /** H [D, D], row by row, symmetric. */
  readonly hessian: Float64Array;
}

/** One Taylor term of the loss of a batch. */
export interface Term {
  /** The term itself, summed over the samples. */
  readonly value: number;
  /** Its gradient with respect to z, in the layout of z. */
  readonly gradient: Float64Array;
}

/** The Taylor terms of the loss of a batch, up to second order. */
export interface TaylorTerms {
  /** L_grad = Σ_i gᵀ(z_i−ẑ). */
  readonly first: Term;
  /** L_diag = ½ Σ_i Σ_d H_dd (z_id−ẑ_d)². */
  readonly diagonal: Term;
  /** L_off = ½ Σ_i Σ_{d≠e} H_de (z_id−ẑ_d)(z_ie−ẑ_e). */
  readonly offDiagonal: Term;
}

/**
 * The expansion of a loss at ẑ: its value, gradient and Hessian there.
 *
 * @param loss - the loss of one sample
 * @param point - ẑ [D]
 * @returns ẑ, ℓ(ẑ), g and H
 *
 * @example
 * ```ts
 * import { expand } from "blindspot/theory";
 *
 * // ℓ(z) = z², one feature.
 * const loss = {
 *   value: (z: Float64Array) => z[0] ** 2,
 *   gradient: (z: Float64Array) => Float64Array.of(2 * z[0]),
 *   hessian: () => Float64Array.of(2),
 * };
 * const { value, gradient, hessian } = expand(loss, Float64Array.of(3));
 * console.log(value, gradient, hessian); // 9 [6] [2]
 * ```
 */
export function expand(loss: SampleLoss, point: Float64Array): Expansion {
  return { point, value: loss.value(point), gradient: loss.gradient(point), hessian: loss.hessian(point) };
}

/**
 * The Taylor terms of L = Σ_i ℓ(z_i) up to second order, and their gradients with respect to z.
 *
 * Each element of a group is one sample. The gradients sum to ∂L/∂z up to third order.
 * Source: Zhou et al. 2024, section 3; docs/theory.md, section 3.
 *
 * @param z - output of the affine phase, dense, in C order
 * @param layout - where the D groups lie in `z`
 * @param expansions - one expansion where all samples share the formula of the loss; else one per
 *   sample, in the order of the elements of a group
 * @returns L_grad, L_diag and L_off
 *
 * @example
 * ```ts
 * import { batchNormLayout, taylorTerms } from "blindspot/theory";
 *
 * // Two samples of two features, z₁ = (1, 2) and z₂ = (3, 4), expanded at ẑ = 0.
 * const { first, diagonal, offDiagonal } = taylorTerms(
 *   Float64Array.of(1, 2, 3, 4),
 *   batchNormLayout([2, 2]),
 *   {
 *     point: Float64Array.of(0, 0),
 *     value: 0,
 *     gradient: Float64Array.of(1, -1),
 *     hessian: Float64Array.of(2, 1, 1, 0),
 *   },
 * );
 * console.log(first.value, diagonal.value, offDiagonal.value); // -2 10 14
 * console.log(first.gradient); // [1, -1, 1, -1]
 * console.log(diagonal.gradient); // [2, 0, 6, 0]
 * console.log(offDiagonal.gradient); // [2, 1, 4, 3]
 * ```
 */
export function taylorTerms(
  z: FloatArray,
  layout: GroupLayout,
  expansions: Expansion | readonly Expansion[],
): TaylorTerms {
  const { starts, offsets } = addressesOf(layout);
  const size = starts.length;
  const first = new Float64Array(z.length);
  const diagonal = new Float64Array(z.length);
  const offDiagonal = new Float64Array(z.length);
  const values = { first: 0, diagonal: 0, offDiagonal: 0 };

  const shared = "point" in expansions;
  let sample = 0;
  for (const { values: block, columns } of sampleBlocks(z, starts, offsets, shared ? undefined : 1)) {
    const { point, gradient: g, hessian: h } = shared ? expansions : expansions[sample++];
    const width = columns.length;
    const deviation = block.map((v, k) => v - point[Math.floor(k / width)]);
    for (let d = 0; d < size; d++) {
      const row = offDiagonalRow(h, deviation, size, d);
      for (let i = 0; i < width; i++) {
        const at = starts[d] + columns[i];
        const u = deviation[d * width + i];
        first[at] = g[d];
        diagonal[at] = h[d * size + d] * u;
        offDiagonal[at] = row[i];
        values.first += g[d] * u;
        values.diagonal += 0.5 * diagonal[at] * u;
        values.offDiagonal += 0.5 * row[i] * u;
      }
    }
  }
  return {
    first: { value: values.first, gradient: first },
    diagonal: { value: values.diagonal, gradient: diagonal },
    offDiagonal: { value: values.offDiagonal, gradient: offDiagonal },
  };
}

/**
 * The remainder R = L − Σ_i ℓ(ẑ) − L_grad − L_diag − L_off: everything of third order and above.
 *
 * All samples share the formula of the loss. The standardization removes only the parts of ∂R/∂y
 * along 1 and y.
 * Source: docs/theory.md, section 4.
 *
 * @param loss - the loss of one sample
 * @param z - output of the affine phase, dense, in C order
 * @param layout - where the D groups lie in `z`
 * @param point - ẑ [D]
 * @returns R and ∂R/∂z
 *
 * @example
 * ```ts
 * import { batchNormLayout, remainder } from "blindspot/theory";
 *
 * // ℓ(z) = z³ at ẑ = 0: the remainder is the whole loss.
 * const loss = {
 *   value: (z: Float64Array) => z[0] ** 3,
 *   gradient: (z: Float64Array) => Float64Array.of(3 * z[0] ** 2),
 *   hessian: (z: Float64Array) => Float64Array.of(6 * z[0]),
 * };
 * const z = Float64Array.of(-1, 2);
 * const { value, gradient } = remainder(loss, z, batchNormLayout([2, 1]), Float64Array.of(0));
 * console.log(value, gradient); // 7 [3, 12]
 * ```
 */
export function remainder(loss: SampleLoss, z: FloatArray, layout: GroupLayout, point: Float64Array): Term {
  const expansion = expand(loss, point);
  const terms = taylorTerms(z, layout, expansion);
  const addresses = addressesOf(layout);
  const gradient = new Float64Array(z.length);
  let value = -terms.first.value - terms.diagonal.value - terms.offDiagonal.value;
  for (const offset of addresses.offsets) {
    const sample = sampleAt(z, addresses, offset);
    value += loss.value(sample) - expansion.value;
    const g = loss.gradient(sample);
    for (let d = 0; d < g.length; d++) {
      const at = addresses.starts[d] + offset;
      gradient[at] =
        g[d] - terms.first.gradient[at] - terms.diagonal.gradient[at] - terms.offDiagonal.gradient[at];
    }
  }
  return { value, gradient };
}

function sampleAt(z: FloatArray, { starts }: Addresses, offset: number): Float64Array {
  return Float64Array.from(starts, (start) => z[start + offset]);
}

/** Expansions of samples with different formulas, split into what they share and what differs. */
export interface SplitExpansions {
  /** ḡ and H̄: means over the samples. */
  readonly shared: Expansion;
  /** δ_i = g_i − ḡ and Δ_i = H_i − H̄, one expansion per sample. */
  readonly differences: Expansion[];
}

/**
 * Splits expansions of samples with different formulas: g_i = ḡ + δ_i and H_i = H̄ + Δ_i.
 *
 * The standardization blocks ḡ and diag H̄ as if no sample had a formula of its own. Only the
 * differences pass.
 * Source: Zhou et al. 2024, corollary 1; docs/theory.md, section 4.
 *
 * @param expansions - one expansion per sample, all at the same ẑ
 * @returns the means over the samples, and what differs from them
 *
 * @example
 * ```ts
 * import { splitShared } from "blindspot/theory";
 *
 * const expansion = (g: number) => ({
 *   point: Float64Array.of(0),
 *   value: 0,
 *   gradient: Float64Array.of(g),
 *   hessian: Float64Array.of(1),
 * });
 * const { shared, differences } = splitShared([expansion(1), expansion(3)]);
 * console.log(shared.gradient, differences.map(({ gradient }) => gradient[0])); // [2] [-1, 1]
 * ```
 */
export function splitShared(expansions: readonly Expansion[]): SplitExpansions {
  const average = (read: (e: Expansion) => Float64Array) => {
    const sum = new Float64Array(read(expansions[0]).length);
    for (const e of expansions) for (let k = 0; k < sum.length; k++) sum[k] += read(e)[k];
    return sum.map((v) => v / expansions.length);
  };
  const shared: Expansion = {
    point: expansions[0].point,
    value: expansions.reduce((sum, e) => sum + e.value, 0) / expansions.length,
    gradient: average((e) => e.gradient),
    hessian: average((e) => e.hessian),
  };
  const differences = expansions.map((e) => ({
    point: e.point,
    value: e.value - shared.value,
    gradient: e.gradient.map((v, k) => v - shared.gradient[k]),
    hessian: e.hessian.map((v, k) => v - shared.hessian[k]),
  }));
  return { shared, differences };
}
