import type { Tensor } from "../base/tensor.js";
import { compile, lang, type Program, type Traced, type TracedFunction } from "../engine/index.js";

/** A float64 tensor. */
export const float64 = (data: Float64Array, shape: readonly number[]): Tensor => ({
  dtype: "float64",
  shape,
  data,
});

/** Compiles `fn` for these inputs. The cases are small, so one thread is enough. */
export const program = (fn: TracedFunction, inputs: readonly Tensor[]): Promise<Program> =>
  compile(fn, inputs, { threads: 1 });

/** The results of `fn` at `inputs`, in float64. */
export async function evaluate(fn: TracedFunction, inputs: readonly Tensor[]): Promise<Float64Array[]> {
  await using compiled = await program(fn, inputs);
  return float64Results(await compiled.run(inputs));
}

/** The data of tensors that are float64. */
export const float64Results = (results: readonly Tensor[]): Float64Array[] =>
  results.map(({ data }) => data as Float64Array);

/**
 * A phase and its pullback as one function: (cotangent of y, x, …rest) → (y, cotangent of x), with
 * y = phase(x, …rest).
 */
export const withPullback =
  (phase: (x: Traced, rest: readonly Traced[]) => Traced): TracedFunction =>
  (cotangent, x, ...rest) => {
    const { out, pullback } = lang.vjp((value) => ({ out: [phase(value, rest)], aux: [] }), [x]);
    return [out[0], pullback([cotangent])[0]];
  };
