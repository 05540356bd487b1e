import type { DType, TensorData } from "../../base/tensor.js";
import { type JaxDType, lax, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import { borrow, checkTraced, literal } from "./borrow.js";

export type { Traced };

/**
 * The tensor language: the functions that models, losses and imported graphs are written in.
 *
 * The language is jax-js with two differences. First, values are borrowed and never consumed, so a
 * value may be passed to any number of functions. (jax-js counts references and frees its
 * arguments.) Second, every number takes the element type of the other operand. (jax-js rounds
 * untyped numbers to float32, even in float64 code.)
 */

/**
 * A traced value or a number. A number takes the element type of the other operand. Of two values
 * with different element types, the result has the later of bool, uint32, int32, float32, float64.
 */
export type Operand = Traced | number;

/** The number `value` as a traced value of shape [] and element type `dtype`, exact in float64. */
export function scalar(value: number, dtype: DType): Traced {
  return literal(value, dtype);
}

/** An array of `shape` in which every element is `value`. */
export function full(shape: readonly number[], value: number, dtype: DType): Traced {
  return np.broadcastTo(literal(value, dtype), [...shape]);
}

/**
 * An array with the given elements, in C order, which becomes part of the compiled graph. Make
 * large data an input of the function instead.
 */
export function constant(data: TensorData, shape: readonly number[], dtype: DType): Traced {
  const values = dtype === "bool" ? Array.from(data as ArrayLike<number>, (v) => v !== 0) : data;
  // By its declared type np.array takes no Uint8Array, which only `bool` has here.
  const flat = np.array(values as never, { dtype: dtype as JaxDType });
  return flat.reshape([...shape]);
}

/** Element type of `x`. */
export function dtypeOf(x: Traced): DType {
  return String(checkTraced(x).dtype) as DType;
}

/** Whether `dtype` is float32 or float64. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/**
 * `x` as another element type. float64 is rounded to the nearest float32; integers drop the
 * fraction.
 */
export function cast(x: Traced, dtype: DType): Traced {
  return dtypeOf(x) === dtype ? x : borrow(x).astype(dtype as JaxDType);
}

/** `x` as a constant for differentiation: the derivative of the result is 0. */
export function stopGradient(x: Traced): Traced {
  return lax.stopGradient(borrow(x));
}
