import { allocate, setElements, type Tensor } from "../../base/tensor.js";

/** The rows of `tensor` (its indices along axis 0) that `samples` lists, in that order. */
export function selectSamples(tensor: Tensor, samples: Uint32Array): Tensor {
  const { dtype, shape, data } = tensor;
  const size = data.length / shape[0];
  const selected = allocate(dtype, size * samples.length);
  for (const [i, sample] of samples.entries())
    setElements(selected, data.subarray(sample * size, (sample + 1) * size), i * size);
  return { dtype, shape: [samples.length, ...shape.slice(1)], data: selected };
}
