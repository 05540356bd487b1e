import { addressesOf } from "./addresses.js";
import type { GroupLayout } from "./layout.js";
import { type FloatArray, type Standardized, standardizeAdjoint } from "./standardize.js";

/**
 * Hessian-vector product with respect to X through the standardization phase, in closed form: with dy the tangent
 * along U, dσ = mean(y∘U), G = ∂L/∂y and dG = (∂²L/∂y²)·dy from `curvature`,
 *
 *     d(∂L/∂x) = −(dσ/σ)·∂L/∂x + (1/σ)( dG − mean(dG) − dy·mean(G∘y) − y·mean(dG∘y + G∘dy) )
 *
 * without mean(dG) where nothing is centred. Costs one Hessian-vector product with respect to Y and a few passes over memory.
 * Source: docs/theory.md, section 5.
 */
export function standardizeHessianVector(
  direction: FloatArray,
  gradient: FloatArray,
  curvature: (tangent: Float64Array) => FloatArray,
  standardized: Standardized,
  layout: GroupLayout,
): Float64Array {
  const { y, sigma, centred } = standardized;
  // The derivative of the standardization is symmetric: along U it is what its adjoint makes of U.
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

/** Mean over the elements of a group, taken around the first value, so that the mean of equal values is exact. */
function mean(offsets: Uint32Array, value: (offset: number) => number): number {
  const origin = value(offsets[0]);
  let sum = 0;
  for (const offset of offsets) sum += value(offset) - origin;
  return origin + sum / offsets.length;
}
