import { Random } from "../../src/base/random.js";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { compile, type Device, Loop, lang, type Traced } from "../../src/engine/index.js";
import { conv, globalAveragePool, linear, relu } from "../../src/nn/layers.js";
import { crossEntropy } from "../../src/nn/losses.js";
import { chain, initialValues, network } from "../../src/nn/network.js";
import { normLayer } from "../../src/nn/norm-layer.js";

/** The same work in Node and in a browser: what comes out should be the same numbers. */
export interface Results {
  /** Gradient of the loss with respect to each parameter, at the first step. */
  readonly gradient: readonly number[][];
  /** Parameters and velocities after two steps of SGD with momentum. */
  readonly stepped: readonly number[][];
  /** Of the float64 gradient, on devices that have float64. */
  readonly precise?: readonly number[][];
}

const BATCH = 4;
const norm = normLayer("bn");
/** Two convolutions, one of them strided, with batch normalization. */
const net = network((registry) =>
  chain(
    conv(registry, "conv1", { inputs: 3, outputs: 16, kernel: 3, padding: 1, bias: false }),
    norm(registry, "norm1", [16, 8, 8]),
    relu,
    conv(registry, "conv2", { inputs: 16, outputs: 16, kernel: 3, stride: 2, padding: 1, bias: false }),
    norm(registry, "norm2", [16, 4, 4]),
    relu,
    globalAveragePool,
    linear(registry, "head", { inputs: 16, outputs: 10 }),
  ),
);

export async function work(device: Device): Promise<Results> {
  const random = new Random(3);
  const parameters = initialValues(net, random);
  const noise = (shape: readonly number[]): Tensor => ({
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  });
  const images = noise([BATCH, 3, 8, 8]);
  const labels: Tensor = { dtype: "int32", shape: [BATCH], data: Int32Array.of(0, 3, 3, 7) };
  const velocities = parameters.map(({ shape }) => noise(shape));
  const count = parameters.length;

  const gradients = (values: readonly Traced[], x: Traced, target: Traced) =>
    lang.valueAndGrad((...p) => ({ value: crossEntropy(net.forward(p, x), target), aux: [] }), values).grads;
  await using step = await compile(
    (...a) => {
      const [values, before] = [a.slice(0, count), a.slice(count, 2 * count)];
      const grads = gradients(values, a[2 * count], a[2 * count + 1]);
      const next = before.map((v, i) => lang.add(lang.mul(v, 0.9), grads[i]));
      return [...values.map((p, i) => lang.sub(p, lang.mul(next[i], 1e-2))), ...next, ...grads];
    },
    [...parameters, ...velocities, images, labels],
    { device },
  );
  const loop = new Loop(step, [...parameters, ...velocities]);
  const gradient = await loop.step([images, labels]);
  await loop.step([images, labels]);

  const numbers = (tensors: readonly Tensor[]) => tensors.map(({ data }) => Array.from(data));
  return {
    gradient: numbers(gradient),
    stepped: numbers(loop.state),
    ...(device === "cpu" ? { precise: await precise() } : {}),
  };
}

/** The gradient of a function in float64. */
async function precise(): Promise<number[][]> {
  const x: Tensor = { dtype: "float64", shape: [6], data: Float64Array.of(-2, -1, -0.1, 0.1, 1, 2) };
  const fn = (x: Traced) => lang.sum(lang.tanh(lang.mul(lang.exp(x), 0.1)));
  await using program = await compile(
    (x) => lang.valueAndGrad((a) => ({ value: fn(a), aux: [] }), [x]).grads,
    [x],
  );
  return (await program.run([x])).map(({ data }) => Array.from(data));
}
