import type { DType, TensorSpec } from "../../base/tensor.js";
import type { SourceLine } from "./source-line.js";

/**
 * The operations that a traced function can consist of, with their parameters: jax-js's primitives, under
 * jax-js's names. `jit`, `cast` of a literal and `stop_gradient` are resolved by the tracer and do not appear.
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
  /** Σ x·y over the last axis, after broadcasting. */
  dot: object;
  conv: ConvParams;
  /** Windows over the trailing axes: [..., i, j] becomes [..., oi, oj, ki, kj]. */
  pool: { readonly window: readonly number[]; readonly strides: readonly number[] };
  /** The adjoint of `pool`: adds every window element back to where it came from. */
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
  /** x indexed along `axis` (one per index array); the indices' broadcast shape starts at `outDim` of the result. */
  gather: { readonly axis: readonly number[]; readonly outDim: number };
  transpose: { readonly perm: readonly number[] };
  /** `axis` lists the axes of `shape` that the operand lacks; its axes of size 1 may grow as well. */
  broadcast: { readonly shape: readonly number[]; readonly axis: readonly number[] };
  reshape: { readonly shape: readonly number[] };
  flip: { readonly axis: readonly number[] };
  shrink: { readonly slice: readonly Pair[] };
  /** Zeros around the operand. */
  pad: { readonly width: readonly Pair[] };
  /** Along the last axis. */
  sort: object;
  argsort: object;
  /** The adjoint of `gather`, into zeros of `shape`. */
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
 * Cross-correlation of x [*V, N, Ci, …] with w [*V, Co, Ci, …], giving [*V, N, Co, …]. The first `vmapDims`
 * axes V broadcast against each other; padding is applied after `lhsDilation` and may be negative.
 */
export interface ConvParams {
  readonly vmapDims: number;
  readonly strides: readonly number[];
  readonly padding: readonly Pair[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
}

export type Primitive = keyof PrimitiveParams;

/** A value that an equation of a traced program computes, or an input of the program. */
export interface Variable extends TensorSpec {
  readonly kind: "variable";
}

/** A number written in the traced function, in the element type it is used with. */
export interface Literal extends TensorSpec {
  readonly kind: "literal";
  readonly value: number;
}

export type Atom = Variable | Literal;

export interface Equation<P extends Primitive = Primitive> {
  readonly primitive: P;
  readonly inputs: readonly Atom[];
  readonly params: PrimitiveParams[P];
  readonly outputs: readonly Variable[];
  /** The calls of the traced function that made it, innermost first; only where the trace recorded them. */
  readonly source?: readonly SourceLine[];
}
