import fc from "fast-check";
import { allocate, type DType, sizeOf, type Tensor } from "../../src/base/tensor.js";

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom<DType>("float32", "float64", "int32", "uint32", "bool"),
    fc.array(fc.nat(4), { maxLength: 4 }),
    fc.nat(),
  )
  .map(([dtype, shape, seed]) => {
    const data = allocate(dtype, sizeOf(shape));
    for (let i = 0; i < data.length; i++)
      data[i] = dtype === "bool" ? (seed + i) % 2 : Math.sin(seed + i) * 1000;
    return { dtype, shape, data };
  });

/** Up to five named tensors of any type and shape; empty ones and scalars too. */
export const anyTensors: fc.Arbitrary<Map<string, Tensor>> = fc
  .dictionary(
    fc.stringMatching(/^[\p{L}\d_. ]{1,12}$/u).filter((name) => !/^\.+$|^\s|\s$/.test(name)),
    anyTensor,
    { maxKeys: 5 },
  )
  .map((tensors) => new Map(Object.entries(tensors)));
