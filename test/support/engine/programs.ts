import { defaultDevice } from "@jax-js/jax";
import { expect } from "vitest";
import { allocate, type DType, sizeOf, type Tensor } from "../../../src/base/tensor.js";
import { type CompileOptions, compile, lang, type TracedFunction } from "../../../src/engine/index.js";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { numpy as np, type Traced } from "../../../src/engine/tracing/jax.js";

/** Deterministic uniform numbers in [0, 1). */
function random(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A tensor of random numbers: between −2 and 2, whole numbers from −3 to 3, or random booleans. */
export function tensor(shape: readonly number[], dtype: DType = "float64", seed = 1): Tensor {
  const next = random(seed * 7919 + sizeOf(shape));
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const u = next();
    if (dtype === "bool") data[i] = u < 0.5 ? 0 : 1;
    else if (dtype === "int32") data[i] = Math.floor(u * 7) - 3;
    else if (dtype === "uint32") data[i] = Math.floor(u * 7);
    else data[i] = u * 4 - 2;
  }
  return { shape, dtype, data };
}

/**
 * Chooses the kernels of jax-js that are the oracle. "wasm" is fast, but computes exp, log, sin, …
 * in float32 even for float64 arrays. "cpu" is exact and slow.
 */
export const oracle = (device: "cpu" | "wasm"): void => void defaultDevice(device);

/** The results of jax-js's own kernels, the oracle. */
export function eager(fn: TracedFunction, inputs: readonly Tensor[]): Tensor[] {
  return fn(...inputs.map(toJax)).map((result) => {
    const dtype = String(result.dtype) as DType;
    const data = allocate(dtype, sizeOf(result.shape));
    const shape = [...result.shape];
    data.set(borrow(result).dataSync() as ArrayLike<number>);
    return { dtype, shape, data };
  });
}

function toJax({ data, shape, dtype }: Tensor): Traced {
  const values = dtype === "bool" ? Array.from(data, (v) => v !== 0) : data;
  return np.array(values as never, { dtype: dtype as never }).reshape([...shape]) as Traced;
}

/** The results of the compiled graph. */
export async function compiled(
  fn: TracedFunction,
  inputs: readonly Tensor[],
  options: CompileOptions = {},
): Promise<Tensor[]> {
  await using program = await compile(fn, inputs, options);
  return await program.run(inputs);
}

/**
 * Tolerated difference relative to the largest element: the order of floating-point sums may
 * differ.
 */
const TOLERANCE: Record<DType, number> = {
  float64: 1e-12,
  float32: 1e-5,
  int32: 0,
  uint32: 0,
  bool: 0,
};

/** Checks that `actual` agrees with `expected`, element by element. */
export function expectClose(
  actual: readonly Tensor[],
  expected: readonly Tensor[],
  tolerance = TOLERANCE,
): void {
  expect(actual.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }))).toEqual(
    expected.map(({ dtype, shape }) => ({ dtype, shape: [...shape] })),
  );
  actual.forEach((result, k) => {
    const reference = expected[k];
    let scale = 1;
    for (const x of reference.data) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    for (let i = 0; i < result.data.length; i++) {
      const [a, b] = [result.data[i], reference.data[i]];
      if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      if (!(Math.abs(a - b) <= tolerance[result.dtype] * scale))
        expect.fail(`output ${k}, element ${i}: expected ${b}, got ${a} (scale ${scale})`);
    }
  });
}

/** Checks that the compiled function and jax-js's own kernels agree on these inputs. */
export async function agrees(fn: TracedFunction, ...inputs: Tensor[]): Promise<void> {
  expectClose(await compiled(fn, inputs), eager(fn, inputs));
}

/**
 * `fn` with its gradients with respect to all inputs. The cotangent of the result is fixed and
 * differs between elements.
 */
export function withGradients(fn: (...args: Traced[]) => Traced, inputs: readonly Tensor[]): TracedFunction {
  return (...args) => {
    const { out, pullback } = lang.vjp((...primals) => ({ out: [fn(...primals)], aux: [] }), args);
    const [y] = out as [Traced];
    const cotangent = tensor(y.shape, inputs[0].dtype, 99);
    return [y, ...pullback([lang.constant(cotangent.data, y.shape, cotangent.dtype)])];
  };
}
