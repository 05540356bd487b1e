import type { Value } from "./value.js";

/**
 * Which values are sums of squares, up to positive factors. The root of such a value is a norm or a
 * standard deviation. Where it is 0, PyTorch's norm and std have the derivative 0, but the root
 * alone would have an infinite one, and the gradient of x would be ∞ · 0 = NaN.
 */
const sums = new WeakSet<object>();

/** Whether `x` is known to be a sum of squares, up to a positive factor. */
export const isSumOfSquares = (x: Value): boolean => sums.has(x);

/** `result`, noted as a sum of squares where `condition` holds. */
export function noteSquares(result: Value, condition: boolean): Value {
  if (condition) sums.add(result);
  return result;
}
