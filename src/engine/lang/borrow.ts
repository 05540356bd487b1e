import type { DType } from "../../base/tensor.js";
import { type JaxArray, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";

/**
 * A reference to `x` that a function of jax-js may consume. jax-js counts references and frees its arguments,
 * so every call to jax-js gets a reference of its own.
 */
export function borrow(x: Traced): JaxArray {
  // Every traced value is an array of jax-js. The cast is here only, so that `Traced` can hide jax-js's type.
  return (x as JaxArray).ref;
}

/** The scalar `value` with element type `dtype`, exact in float64, for one use by jax-js. */
export function literal(value: number, dtype: DType): JaxArray {
  return np.array(value, { dtype: dtype as never });
}
