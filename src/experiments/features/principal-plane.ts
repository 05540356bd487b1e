import type { Features } from "./geometry.js";

const ITERATIONS = 100;

/**
 * The samples in the plane of their two largest principal components. Both axes have one scale, in
 * which the larger has standard deviation 1. Method: power iteration on the covariance, with the
 * second direction orthogonal to the first.
 */
export function principalPlane({ data, width }: Features): [x: number, y: number][] {
  const count = data.length / width;
  const centred = Float64Array.from(data);
  for (let d = 0; d < width; d++) {
    let mean = 0;
    for (let i = 0; i < count; i++) mean += data[i * width + d] / count;
    for (let i = 0; i < count; i++) centred[i * width + d] -= mean;
  }
  const project = (direction: Float64Array) =>
    Float64Array.from({ length: count }, (_, i) => {
      let dot = 0;
      for (let d = 0; d < width; d++) dot += centred[i * width + d] * direction[d];
      return dot;
    });
  const first = largestDirection(project, centred, width, null);
  const second = largestDirection(project, centred, width, first);
  const [xs, ys] = [project(first), project(second)];
  const scale = Math.sqrt(xs.reduce((total, x) => total + x * x, 0) / count) || 1;
  return Array.from(xs, (x, i) => [x / scale, ys[i] / scale]);
}

/** The direction of the largest variance among those orthogonal to `avoid`. */
function largestDirection(
  project: (direction: Float64Array) => Float64Array,
  centred: Float64Array,
  width: number,
  avoid: Float64Array | null,
): Float64Array {
  let direction: Float64Array = Float64Array.from({ length: width }, (_, d) => Math.cos(1.3 * d));
  for (let k = 0; k < ITERATIONS; k++) {
    const along = project(direction);
    const next = new Float64Array(width);
    for (let i = 0; i < along.length; i++)
      for (let d = 0; d < width; d++) next[d] += centred[i * width + d] * along[i];
    const overlap = avoid ? next.reduce((total, value, d) => total + value * avoid[d], 0) : 0;
    if (avoid) for (let d = 0; d < width; d++) next[d] -= overlap * avoid[d];
    const norm = Math.hypot(...next);
    if (norm === 0) return next;
    direction = next.map((value) => value / norm);
  }
  return direction;
}
