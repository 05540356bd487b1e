import type { Random } from "../base/random.js";
import type { Expansion } from "../theory/index.js";

/** A random expansion at ẑ. Every g and every symmetric H belong to some loss. */
export function randomExpansion(point: Float64Array, random: Random): Expansion {
  const size = point.length;
  const hessian = new Float64Array(size * size);
  for (let d = 0; d < size; d++)
    for (let e = 0; e <= d; e++) hessian[d * size + e] = hessian[e * size + d] = random.normal();
  return {
    point,
    value: random.normal(),
    gradient: Float64Array.from({ length: size }, () => random.normal()),
    hessian,
  };
}
