import type { DType } from "../../base/tensor.js";
import { describeValue } from "../tracing/describe-value.js";
import { type JaxArray, type JaxDType, numpy as np } from "../tracing/jax.js";
import { isTraced } from "../tracing/jax-internals.js";
import type { Traced } from "../tracing/traced.js";

/**
 * A reference to `x` that a function of jax-js may consume. jax-js counts references and frees its
 * arguments, so every call to jax-js gets a reference of its own.
 */
export function borrow(x: Traced): JaxArray {
  return checkTraced(x).ref;
}

/** `x`, whose type in jax-js `Traced` hides. Throws where `x` is no traced value. */
export function checkTraced(x: unknown): JaxArray {
  if (isTraced(x)) return x;
  const remedy = typeof x === "number" ? "; lang.scalar(value, dtype) makes a traced value of a number" : "";
  throw new TypeError(`expected a traced value, got ${describeValue(x)}${remedy}`);
}

/** The scalar `value` with element type `dtype`, exact in float64, for one use by jax-js. */
export function literal(value: number, dtype: DType): JaxArray {
  return np.array(value, { dtype: dtype as JaxDType });
}
