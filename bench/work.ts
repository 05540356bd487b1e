import { Random } from "../src/base/random.js";
import { allocate, sizeOf, type Tensor, type TensorSpec } from "../src/base/tensor.js";
import {
  add,
  jvp,
  mul,
  sub,
  type Traced,
  type TracedFunction,
  valueAndGrad,
} from "../src/engine/lang/index.js";
import { initialValues } from "../src/nn/network.js";
import { subject } from "./networks/index.js";

/** Kinds of work: gradient, Hessian-vector product, training step. */
export const WORKS = ["gradient", "hvp", "step"] as const;
export type Work = (typeof WORKS)[number];

/** A function to compile, and its arguments. */
export interface Task {
  readonly fn: TracedFunction;
  readonly args: readonly Tensor[];
}

/** The work of a kind on a network of the benchmarks, with random values and samples. */
export function task(name: string, batch: number, work: Work): Task {
  const { build, sample, loss: lossOf } = subject(name);
  const net = build();
  const count = net.parameters.length;
  const random = new Random(0);
  const values = initialValues(net, random);
  const noise = (shape: readonly number[]): Tensor => {
    const data = allocate("float32", sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = random.normal();
    return { dtype: "float32", shape, data };
  };
  const images = noise([batch, ...sample]);
  const labels: Tensor = {
    dtype: "int32",
    shape: [batch],
    data: Int32Array.from({ length: batch }, () => random.below(10)),
  };
  const directions = values.map((v: TensorSpec) => noise(v.shape));

  const loss = (parameters: readonly Traced[], x: Traced, target: Traced) =>
    lossOf(net.forward(parameters, x), x, target);
  const gradients =
    (x: Traced, target: Traced): TracedFunction =>
    (...parameters) =>
      valueAndGrad((...p) => ({ value: loss(p, x, target), aux: [] }), parameters).grads;

  switch (work) {
    case "gradient":
      return {
        fn: (...a) => gradients(a[count], a[count + 1])(...a.slice(0, count)),
        args: [...values, images, labels],
      };
    case "hvp":
      return {
        fn: (...a) => {
          const [parameters, along] = [a.slice(0, count), a.slice(count, 2 * count)];
          return jvp(gradients(a[2 * count], a[2 * count + 1]), parameters, along).tangent;
        },
        args: [...values, ...directions, images, labels],
      };
    case "step":
      return {
        fn: (...a) => {
          const [parameters, velocities] = [a.slice(0, count), a.slice(count, 2 * count)];
          const grads = gradients(a[2 * count], a[2 * count + 1])(...parameters);
          const next = velocities.map((v, i) => add(mul(v, 0.9), grads[i]));
          return [...parameters.map((p, i) => sub(p, mul(next[i], 1e-4))), ...next];
        },
        args: [
          ...values,
          ...directions.map((d) => ({ ...d, data: allocate("float32", d.data.length) })),
          images,
          labels,
        ],
      };
  }
}
