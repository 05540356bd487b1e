import { describe, expect, it } from "vitest";
import { type NormName, norm, normNames } from "../../src/nn/index.js";
import { addressesOf } from "../../src/theory/index.js";
import { float64 } from "../../src/verify/evaluate.js";
import { adjointMatrix } from "../../src/verify/jacobian.js";
import { normals } from "../support/tensors.js";

const SHAPE = [4, 4, 3];
const SIZE = 48;

/** Every norm of the table; those with a number get 2. */
const NAMES = normNames.map((name) => name.replace(":N", ":2") as NormName);

/** Null space of a matrix as orthonormal rows, by Gaussian elimination with full pivoting. */
function nullSpace(matrix: Float64Array, size: number): number[][] {
  const rows = Array.from({ length: size }, (_, r) => Array.from(matrix.subarray(r * size, (r + 1) * size)));
  const columns = Array.from({ length: size }, (_, c) => c);
  let rank = 0;
  const largest = Math.max(...matrix.map(Math.abs));
  for (; rank < size; rank++) {
    let [pr, pc] = [rank, rank];
    for (let r = rank; r < size; r++)
      for (let c = rank; c < size; c++) if (Math.abs(rows[r][c]) > Math.abs(rows[pr][pc])) [pr, pc] = [r, c];
    if (Math.abs(rows[pr][pc]) < 1e-9 * largest) break;
    [rows[rank], rows[pr]] = [rows[pr], rows[rank]];
    for (const row of rows) [row[rank], row[pc]] = [row[pc], row[rank]];
    [columns[rank], columns[pc]] = [columns[pc], columns[rank]];
    for (let r = 0; r < size; r++) {
      if (r === rank) continue;
      const factor = rows[r][rank] / rows[rank][rank];
      for (let c = rank; c < size; c++) rows[r][c] -= factor * rows[rank][c];
    }
  }
  const basis = Array.from({ length: size - rank }, (_, k) => {
    const vector = new Array<number>(size).fill(0);
    vector[columns[rank + k]] = 1;
    for (let r = 0; r < rank; r++) vector[columns[r]] = -rows[r][rank + k] / rows[r][r];
    return vector;
  });
  return orthonormal(basis);
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);

function orthonormal(vectors: number[][]): number[][] {
  const basis: number[][] = [];
  for (const vector of vectors) {
    let rest = vector;
    // The second pass removes what rounding left of the first.
    for (let pass = 0; pass < 2; pass++)
      for (const b of basis) {
        const along = dot(rest, b);
        rest = rest.map((v, i) => v - along * b[i]);
      }
    const length = Math.sqrt(dot(rest, rest));
    basis.push(rest.map((v) => v / length));
  }
  return basis;
}

async function adjointOf(name: NormName, epsilon: number) {
  const subject = norm(name, { epsilon });
  const x = normals(SIZE, 3).map((v) => 2 * v + 1);
  const state = subject.state(SHAPE).map(({ shape, initial }, i) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return float64(
      normals(count, i).map((v) => initial + 0.3 * v),
      shape,
    );
  });
  const { y, matrix } = await adjointMatrix(subject.standardize, float64(x, SHAPE), state);
  return { subject, x, y, matrix };
}

/** The directions that a norm declares as blocked, each a vector over the whole tensor. */
function declared(name: NormName, y: Float64Array, directions: { ones: boolean; y: boolean }): number[][] {
  const blocked = norm(name).blocks(SHAPE);
  if (blocked === null) return [];
  const { starts, offsets } = addressesOf(blocked.layout);
  return [...starts].flatMap((start) => {
    const over = (value: (element: number) => number) => {
      const vector = new Array<number>(SIZE).fill(0);
      for (const offset of offsets) vector[start + offset] = value(start + offset);
      return vector;
    };
    return [
      ...(blocked.ones && directions.ones ? [over(() => 1)] : []),
      ...(blocked.y && directions.y ? [over((e) => y[e])] : []),
    ];
  });
}

describe.each(NAMES)("The null space of the adjoint of %s", (name) => {
  it("is spanned by the declared directions at ε = 0", async () => {
    const { y, matrix } = await adjointOf(name, 0);
    const found = nullSpace(matrix, SIZE);
    const expected = orthonormal(declared(name, y, { ones: true, y: true }));
    expect(found).toHaveLength(expected.length);
    for (const direction of expected) {
      const inside = found.reduce((sum, b) => sum + dot(direction, b) ** 2, 0);
      expect(inside).toBeCloseTo(1, 10);
    }
  });

  it("contains 1 only at ε > 0, and y leaks by ρ = ε/(v + ε)", async () => {
    const epsilon = 0.3;
    const { y, x, matrix, subject } = await adjointOf(name, epsilon);
    const found = nullSpace(matrix, SIZE);
    const expected = orthonormal(declared(name, y, { ones: true, y: false }));
    expect(found).toHaveLength(expected.length);
    for (const direction of expected)
      expect(found.reduce((sum, b) => sum + dot(direction, b) ** 2, 0)).toBeCloseTo(1, 10);

    const blocked = subject.blocks(SHAPE);
    if (!blocked?.y || name === "brn") return;
    const { starts, offsets } = addressesOf(blocked.layout);
    for (const start of starts) {
      const at = [...offsets].map((offset) => start + offset);
      const mean = blocked.ones ? at.reduce((sum, e) => sum + x[e], 0) / at.length : 0;
      const variance = at.reduce((sum, e) => sum + (x[e] - mean) ** 2, 0) / at.length;
      const rho = epsilon / (variance + epsilon);
      for (const row of at) {
        const image = at.reduce((sum, e) => sum + matrix[row * SIZE + e] * y[e], 0);
        expect(image).toBeCloseTo((rho * y[row]) / Math.sqrt(variance + epsilon), 12);
      }
    }
  });
});

it("No affine phase has a null space", async () => {
  for (const name of NAMES) {
    const subject = norm(name);
    const parameters = subject.parameters(SHAPE).map(({ shape }, i) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return float64(normals(count, i), shape);
    });
    const { matrix } = await adjointMatrix(subject.affine, float64(normals(SIZE, 1), SHAPE), parameters);
    expect(nullSpace(matrix, SIZE), name).toHaveLength(0);
  }
});

it("Batch renorm leaks r·ρ/σ along its standardized batch", async () => {
  const { matrix, x, y } = await adjointOf("brn", 0.3);
  const channel = [...Array(SIZE).keys()].filter((e) => Math.floor(e / 3) % 4 === 0);
  const mean = channel.reduce((sum, e) => sum + x[e], 0) / channel.length;
  const variance = channel.reduce((sum, e) => sum + (x[e] - mean) ** 2, 0) / channel.length;
  // With constant statistics, y is affine in x with slope r/σ: take the slope between two elements.
  const slope = (y[channel[1]] - y[channel[0]]) / (x[channel[1]] - x[channel[0]]);
  const rho = 0.3 / (variance + 0.3);
  for (const row of channel) {
    const image = channel.reduce((sum, e) => sum + matrix[row * SIZE + e] * (x[e] - mean), 0);
    expect(image).toBeCloseTo(rho * slope * (x[row] - mean), 12);
  }
});
