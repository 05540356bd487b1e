import type { DType, TensorData } from "../../base/tensor.js";
import { lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow, literal } from "./borrow.js";

export type { Traced };

/**
 * The tensor language: the functions that models, losses and imported graphs are written in.
 *
 * It is jax-js with two differences. Values are borrowed, never consumed: pass one to as many functions
 * as you like (jax-js counts references and frees its arguments; while tracing nothing is held, so the
 * count is simply kept up). And every number carries the element type of its neighbour, because jax-js
 * rounds untyped literals to float32 even inside float64 code.
 */

/** A value or a number; a number takes the element type of the other operand. */
export type Operand = Traced | number;

/** The scalar `value` with element type `dtype`, exact in float64. */
export function scalar(value: number, dtype: DType): Traced {
  return literal(value, dtype);
}

/** An array of `shape` filled with `value`. */
export function full(shape: readonly number[], value: number, dtype: DType): Traced {
  return np.broadcastTo(literal(value, dtype), [...shape]);
}

/** A constant array that becomes part of the compiled graph. Large data should be an input instead. */
export function constant(data: TensorData, shape: readonly number[], dtype: DType): Traced {
  const values = dtype === "bool" ? Array.from(data as ArrayLike<number>, (v) => v !== 0) : data;
  const flat = np.array(values as never, { dtype: dtype as never });
  return flat.reshape([...shape]) as Traced;
}

export function dtypeOf(x: Traced): DType {
  return String(x.dtype) as DType;
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** `x` as another element type. Rounds to nearest from float64 to float32, truncates to integers. */
export function cast(x: Traced, dtype: DType): Traced {
  return dtypeOf(x) === dtype ? x : (borrow(x).astype(dtype as never) as Traced);
}

/** `x` as a constant for differentiation. */
export function stopGradient(x: Traced): Traced {
  return lax.stopGradient(borrow(x)) as Traced;
}
