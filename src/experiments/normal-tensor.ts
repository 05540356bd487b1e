import type { Random } from "../base/random.js";
import { sizeOf, type Tensor } from "../base/tensor.js";

/** A float32 tensor of independent standard normal numbers. */
export const normalTensor = (random: Random, shape: readonly number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
});
