import type { TensorSpec } from "../../base/tensor.js";
import { callFunction } from "../tracing/call-function.js";
import { traceAbstract } from "../tracing/jax-internals.js";
import type { TracedFunction } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { dtypeOf } from "./core.js";

/**
 * Shapes and element types of the results of `f`. Nothing is computed.
 *
 * @param f - A function of traced values.
 * @param inputs - Shape and element type of each argument of `f`.
 * @throws UserError where `f` fails or returns something else than traced values.
 */
export function evaluateShapes(f: TracedFunction, inputs: readonly TensorSpec[]): TensorSpec[] {
  let specs: TensorSpec[] = [];
  traceAbstract((...args) => {
    const results = callFunction(f, args, inputs);
    specs = results.map((result) => ({ shape: [...result.shape], dtype: dtypeOf(result) }));
    return results.map(borrow);
  }, inputs);
  return specs;
}
