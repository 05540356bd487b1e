import { type Addresses, addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import { offDiagonalRow, sampleBlocks } from "./sample-blocks.js";
import type { FloatArray } from "./standardize.js";

/** A twice differentiable loss ℓ of one sample's D features. */
export interface SampleLoss {
  value(z: Float64Array): number;
  /** g = ∂ℓ/∂z [D]. */
  gradient(z: Float64Array): Float64Array;
  /** H = ∂²ℓ/∂z∂zᵀ [D, D], symmetric. */
  hessian(z: Float64Array): Float64Array;
}

/** A loss of one sample around ẑ, up to second order: ℓ(z) ≈ value + gᵀ(z−ẑ) + ½(z−ẑ)ᵀH(z−ẑ). */
export interface Expansion {
  /** ẑ [D]. */
  readonly point: Float64Array;
  readonly value: number;
  /** g [D]. */
  readonly gradient: Float64Array;
  /** H [D, D], symmetric. */
  readonly hessian: Float64Array;
}

/** One Taylor term of the batch's loss: its value, and its gradient with respect to z in the layout of z. */
export interface Term {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface TaylorTerms {
  /** L_grad = Σ_i gᵀ(z_i−ẑ). */
  readonly first: Term;
  /** L_diag = ½ Σ_i Σ_d H_dd (z_id−ẑ_d)². */
  readonly diagonal: Term;
  /** L_off = ½ Σ_i Σ_{d≠e} H_de (z_id−ẑ_d)(z_ie−ẑ_e). */
  readonly offDiagonal: Term;
}

/** The expansion of `loss` at ẑ = `point`. */
export function expand(loss: SampleLoss, point: Float64Array): Expansion {
  return { point, value: loss.value(point), gradient: loss.gradient(point), hessian: loss.hessian(point) };
}

/**
 * The Taylor terms of L = Σ_i ℓ(z_i) up to second order, one sample per element of a group. `expansions` is one
 * expansion for all samples (they share the formula) or one per sample, in the order of the elements.
 * Their gradients sum to ∂L/∂z up to third order. Source: Zhou et al. 2024, section 3; docs/theory.md, section 3.
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
 * The remainder R = L − Σ_i ℓ(ẑ) − L_grad − L_diag − L_off of a loss whose samples share its formula: everything
 * of third order and above. All of it, but for its parts along 1 and y, passes the standardization.
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

/**
 * Splits the expansions of samples with different formulas, all at one ẑ, into the shared part ḡ, H̄ (means over the
 * samples) and what is specific to each: g_i = ḡ + δ_i, H_i = H̄ + Δ_i. Standardization blocks ḡ and diag H̄ as if
 * they were the only ones; the differences pass. Source: Zhou et al. 2024, corollary 1; docs/theory.md, section 4.
 */
export function splitShared(expansions: readonly Expansion[]): {
  shared: Expansion;
  differences: Expansion[];
} {
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
