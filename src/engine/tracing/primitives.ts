import type { DType, TensorSpec } from "../../base/tensor.js";
import type { SourceLine } from "./source-line.js";

/**
 * The operations of traced programs with their parameters: jax-js's primitives under jax-js's
 * names. The tracer resolves `jit`, `stop_gradient` and casts of literals, so these do not occur.
 * Elementwise operations broadcast as in NumPy.
 */
export interface PrimitiveParams {
  add: object;
  mul: object;
  /** Quotient rounded towards zero. */
  idiv: object;
  /** Remainder with the sign of the numerator. */
  mod: object;
  min: object;
  max: object;
  bit_combine: { readonly op: "and" | "or" | "xor" };
  bit_shift: { readonly op: "shl" | "shr" };
  neg: object;
  reciprocal: object;
  floor: object;
  ceil: object;
  cast: { readonly dtype: DType };
  bitcast: { readonly dtype: DType };
  sin: object;
  cos: object;
  asin: object;
  atan: object;
  exp: object;
  log: object;
  erf: object;
  erfc: object;
  sqrt: object;
  reduce: { readonly op: "Add" | "Mul" | "Min" | "Max"; readonly axis: readonly number[] };
  /** Σ x · y over the last axis, after broadcasting. */
  dot: object;
  conv: ConvParams;
  /** Windows over the trailing axes: [..., i, j] becomes [..., oi, oj, ki, kj]. */
  pool: { readonly window: readonly number[]; readonly strides: readonly number[] };
  /** The adjoint of `pool`: adds each element of each window to the place that it came from. */
  pool_transpose: {
    readonly inShape: readonly number[];
    readonly window: readonly number[];
    readonly strides: readonly number[];
  };
  compare: { readonly op: "less" | "equal" | "not_equal" | "less_equal" };
  where: object;
  concatenate: { readonly axis: number };
  split: { readonly axis: number; readonly sizes: readonly number[] };
  random_bits: { readonly shape: readonly number[]; readonly mode: "xor" | 0 | 1 };
  /**
   * Elements of x at indices along `axis`, one axis for each index array. Their broadcast shape
   * starts at axis `outDim`.
   */
  gather: { readonly axis: readonly number[]; readonly outDim: number };
  transpose: { readonly perm: readonly number[] };
  /**
   * `axis` has the axes of `shape` that the operand lacks. Axes of size 1 of the operand may grow
   * as well.
   */
  broadcast: { readonly shape: readonly number[]; readonly axis: readonly number[] };
  reshape: { readonly shape: readonly number[] };
  flip: { readonly axis: readonly number[] };
  shrink: { readonly slice: readonly Pair[] };
  /** Adds zeros around the operand. */
  pad: { readonly width: readonly Pair[] };
  /** Sorts along the last axis. */
  sort: object;
  argsort: object;
  /** The adjoint of `gather`: writes or adds elements into zeros of `shape`. */
  scatter: {
    readonly op: "update" | "add";
    readonly shape: readonly number[];
    readonly axis: readonly number[];
    readonly outDim: number;
  };
  triangular_solve: object;
  cholesky: object;
  lu: object;
  jacobi_eigh: object;
  fft: object;
}

export type Pair = readonly [number, number];

/**
 * Cross-correlation of x [*V, N, Ci, …] with w [*V, Co, Ci, …], of shape [*V, N, Co, …]. The first
 * `vmapDims` axes V broadcast. `lhsDilation` is applied to x before `padding`, which may be
 * negative.
 */
export interface ConvParams {
  readonly vmapDims: number;
  readonly strides: readonly number[];
  readonly padding: readonly Pair[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
}

export type Primitive = keyof PrimitiveParams;

/** An input of a traced program, a constant, or the result of an equation. */
export interface Variable extends TensorSpec {
  readonly kind: "variable";
}

/** A number in a traced function, with the element type in which it is used. */
export interface Literal extends TensorSpec {
  readonly kind: "literal";
  readonly value: number;
}

export type Atom = Variable | Literal;

/** One operation of a traced program. */
export interface Equation<P extends Primitive = Primitive> {
  readonly primitive: P;
  readonly inputs: readonly Atom[];
  readonly params: PrimitiveParams[P];
  readonly outputs: readonly Variable[];
  /**
   * The calls of the traced function that made the equation, innermost first, where they were
   * recorded.
   */
  readonly source?: readonly SourceLine[];
}
