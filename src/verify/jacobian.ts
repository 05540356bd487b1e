import type { Tensor } from "../base/tensor.js";
import type { Traced } from "../engine/index.js";
import { float64, float64Results, program, withPullback } from "./evaluate.js";

/** The adjoint of a phase at x, as a matrix. */
export interface Adjoint {
  /** Output of the phase at x. */
  readonly y: Float64Array;
  /** [size of x, size of y], row by row. Column k is the pullback of the basis vector e_k. */
  readonly matrix: Float64Array;
  readonly columns: number;
}

/**
 * Builds the adjoint of a phase by pulling back every basis vector. Slow and certain, for small x.
 */
export async function adjointMatrix(
  phase: (x: Traced, rest: readonly Traced[]) => Traced,
  x: Tensor,
  rest: readonly Tensor[],
): Promise<Adjoint> {
  const size = x.data.length;
  const cotangent = float64(new Float64Array(size), x.shape);
  await using compiled = await program(withPullback(phase), [cotangent, x, ...rest]);
  const matrix = new Float64Array(size * size);
  let y = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    const basis = new Float64Array(size);
    basis[k] = 1;
    const [out, column] = float64Results(await compiled.run([float64(basis, x.shape), x, ...rest]));
    y = Float64Array.from(out);
    for (let row = 0; row < size; row++) matrix[row * size + k] = column[row];
  }
  return { y, matrix, columns: size };
}

/**
 * The block of an adjoint from a set of elements to the same set, and the largest entry that leaves
 * the set.
 */
export function blockOf(
  { matrix, columns }: Adjoint,
  elements: readonly number[],
): { block: Float64Array; outside: number } {
  const inside = new Set(elements);
  const block = Float64Array.from({ length: elements.length ** 2 }, (_, k) => {
    const row = elements[Math.floor(k / elements.length)];
    return matrix[row * columns + elements[k % elements.length]];
  });
  let outside = 0;
  for (const column of elements)
    for (let row = 0; row < matrix.length / columns; row++)
      if (!inside.has(row)) outside = Math.max(outside, Math.abs(matrix[row * columns + column]));
  return { block, outside };
}

/**
 * Singular values of a square matrix, largest first, by one-sided Jacobi rotations. The error of
 * each is rounding relative to the largest.
 * Source: Golub and Van Loan, Matrix Computations, one-sided Jacobi methods.
 */
export function singularValues(matrix: Float64Array): Float64Array {
  const size = Math.sqrt(matrix.length);
  const columns = Array.from({ length: size }, (_, c) =>
    Float64Array.from({ length: size }, (_, r) => matrix[r * size + c]),
  );
  const inner = (a: Float64Array, b: Float64Array) => a.reduce((sum, v, k) => sum + v * b[k], 0);
  const negligible = 2 ** -106 * inner(matrix, matrix);
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false;
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) {
        const [a, b] = [columns[p], columns[q]];
        const [aa, bb, ab] = [inner(a, a), inner(b, b), inner(a, b)];
        if (Math.min(aa, bb) <= negligible || Math.abs(ab) <= 1e-15 * Math.sqrt(aa * bb)) continue;
        rotated = true;
        const zeta = (bb - aa) / (2 * ab);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cos = 1 / Math.hypot(1, t);
        const sin = cos * t;
        for (let k = 0; k < size; k++) {
          const [u, v] = [a[k], b[k]];
          a[k] = cos * u - sin * v;
          b[k] = sin * u + cos * v;
        }
      }
  }
  return Float64Array.from(columns, (c) => Math.sqrt(inner(c, c))).sort((a, b) => b - a);
}
