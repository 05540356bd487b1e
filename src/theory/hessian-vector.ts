import { addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import { type FloatArray, type Standardized, standardizeAdjoint } from "./standardize.js";

/** A direction at x, and the loss above the standardization up to second order. */
export interface HessianVectorInputs {
  /** U: the direction at x. */
  readonly direction: FloatArray;
  /** The cotangent G = ∂L/∂y. */
  readonly gradient: FloatArray;
  /** Maps a tangent dy at y to dG = (∂²L/∂y²)·dy. */
  curvature(tangent: Float64Array): FloatArray;
}

/**
 * The Hessian-vector product (∂²L/∂x²)·U through the standardization phase, in closed form:
 *
 *     dy = (1/σ)·(U − mean U − y·mean(y∘U)),   dσ = mean(y∘U),   dG = (∂²L/∂y²)·dy
 *
 *     d(∂L/∂x) = −(dσ/σ)·∂L/∂x + (1/σ)( dG − mean(dG) − dy·mean(G∘y) − y·mean(dG∘y + G∘dy) )
 *
 * RMS normalization subtracts no mean; mean U and mean(dG) are then absent. The cost is one
 * Hessian-vector product with respect to y and a few passes over memory.
 * Source: docs/theory.md, section 5.
 *
 * @param inputs - U, G and the curvature of the loss with respect to y
 * @param standardized - result of `standardize` at x
 * @param layout - where the groups lie in x
 * @returns the product, in the layout of x; 0 where σ = 0
 *
 * @example
 * ```ts
 * import { batchNormLayout, standardize, standardizeHessianVector } from "blindspot/theory";
 *
 * // L = Σ y²/2: a diagonal quadratic that all samples share. Its Hessian at x is 0.
 * const layout = batchNormLayout([3, 1]);
 * const standardized = standardize(Float64Array.of(1, 2, 6), layout);
 * const gradient = standardized.y;
 * const curvature = (tangent: Float64Array) => tangent;
 * const direction = Float64Array.of(1, 0, 0);
 * const inputs = { direction, gradient, curvature };
 * const product = standardizeHessianVector(inputs, standardized, layout);
 * console.log(product.every((value) => Math.abs(value) < 1e-15)); // true
 * ```
 */
export function standardizeHessianVector(
  { direction, gradient, curvature }: HessianVectorInputs,
  standardized: Standardized,
  layout: GroupLayout,
): Float64Array {
  const { y, sigma, centred } = standardized;
  // The Jacobian of the standardization is symmetric: dy is the adjoint applied to U.
  const dy = standardizeAdjoint(direction, standardized, layout);
  const dG = curvature(dy);
  const result = new Float64Array(direction.length);
  const { starts, offsets } = addressesOf(layout);
  for (let g = 0; g < starts.length; g++) {
    if (sigma[g] === 0) continue;
    const at = (offset: number) => starts[g] + offset;
    const average = (value: (element: number) => number) => mean(offsets, (o) => value(at(o)));
    const dSigma = average((e) => y[e] * direction[e]);
    const meanG = centred ? average((e) => gradient[e]) : 0;
    const meanGy = average((e) => gradient[e] * y[e]);
    const meanDG = centred ? average((e) => dG[e]) : 0;
    const change = average((e) => dG[e] * y[e] + gradient[e] * dy[e]);
    for (const o of offsets) {
      const e = at(o);
      const passed = (gradient[e] - meanG - y[e] * meanGy) / sigma[g];
      result[e] = (dG[e] - meanDG - dy[e] * meanGy - y[e] * change - dSigma * passed) / sigma[g];
    }
  }
  return result;
}

/** Mean over a group, taken around the first value: the mean of equal values is then exact. */
function mean(offsets: Uint32Array, value: (offset: number) => number): number {
  const origin = value(offsets[0]);
  let sum = 0;
  for (const offset of offsets) sum += value(offset) - origin;
  return origin + sum / offsets.length;
}
