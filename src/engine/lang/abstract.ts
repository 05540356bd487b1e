import type { TensorSpec } from "../../base/tensor.js";
import { makeJaxpr, numpy as np } from "../tracing/jax.js";
import type { Traced } from "../tracing/traced.js";
import type { TracedFunction } from "./autodiff.js";
import { borrow } from "./borrow.js";
import { dtypeOf } from "./core.js";

/** jax-js does not export its class of abstract values, but every array knows it. */
const ShapedArray = np.zeros([1]).aval.constructor as new (
  shape: number[],
  dtype: string,
  weakType: boolean,
) => unknown;

/** Shapes and element types of the results of `f`, without computing anything. */
export function evaluateShapes(f: TracedFunction, inputs: readonly TensorSpec[]): TensorSpec[] {
  const specs: TensorSpec[] = [];
  const observed = (...args: Traced[]) => {
    const results = f(...args);
    for (const r of results) specs.push({ shape: [...r.shape], dtype: dtypeOf(r) });
    return results.map(borrow) as never;
  };
  makeJaxpr(observed)(...inputs.map((s) => new ShapedArray([...s.shape], s.dtype, false) as never));
  return specs;
}
