import type { GraphBuilder, Value } from "../../../../graph/graph.js";
import * as ops from "../../../../graph/ops.js";

/**
 * The transforms of Winograd's minimal filtering F(2×2, 3×3) (A. Lavin, S. Gray, "Fast Algorithms
 * for Convolutional Neural Networks", CVPR 2016). For 4×4 inputs x and a 3×3 kernel w, the 2×2
 * results are
 *
 *     Y = Aᵀ [(G w Gᵀ) ∘ (Bᵀ x B)] A,
 *
 * with 16 products instead of 36. The gradient of the kernel for a cotangent y of Y is the adjoint
 * in w,
 *
 *     Gᵀ [(A y Aᵀ) ∘ (Bᵀ x B)] G.
 *
 * A transform T x Tᵀ is linear in x, so it is the matrix T ⊗ T times x written as one column.
 */

/** A matrix of constants, row by row. */
export type Rows = readonly (readonly number[])[];

export const BT: Rows = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
export const G: Rows = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
export const AT: Rows = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/** Aᵀ of A: rows become columns. */
export function transposed(rows: Rows): number[][] {
  return rows[0].map((_, i) => rows.map((row) => row[i]));
}

/**
 * Exchanges the first and the last of four. G with its columns reversed is G with these two rows
 * exchanged, so the transform of a reversed kernel is the transform of the kernel with these tile
 * rows and columns exchanged.
 */
export const exchangeEnds = <T>([a, b, d, e]: readonly T[]): T[] => [e, b, d, a];

/** (T ⊗ T) x: transforms every column of x [m², columns] as an m×m tile. */
export function transformTiles(g: GraphBuilder, t: Rows, x: Value): Value {
  const square = t.flatMap((a) => t.map((b) => a.flatMap((p) => b.map((q) => p * q))));
  const constant = g.constant("float32", [square.length, square[0].length], Float32Array.from(square.flat()));
  return ops.matmul(g, constant, x);
}
