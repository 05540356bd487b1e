/**
 * Makes the files of examples/: a small convolutional classifier with batch normalization, trained
 * on glyphs with blindspot's own engine, two batch files, and a file with the samples of several
 * batches.
 *
 *     npm run example
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
} from "onnx-buf";
import { Random } from "../src/base/random.js";
import { sizeOf, type Tensor } from "../src/base/tensor.js";
import { glyphs } from "../src/datasets/glyphs.js";
import { compile, type TracedFunction } from "../src/engine/index.js";
import { add, mean, mul, square, sub, sum, type Traced, valueAndGrad } from "../src/engine/lang/index.js";
import {
  decodeModel,
  findNorms,
  type Loss,
  type OpenedModel,
  openModel,
  resolveLoss,
} from "../src/onnx/index.js";
import { writeNpz } from "../src/tensor-files/index.js";

const SIZE = 16;
const CLASSES = 10;
const BATCH = 64;
const STEPS = 120;
const RATE = 0.05;
const MOMENTUM = 0.9;

/** Convolutions; batch normalization and ReLU follow each. */
const CONVS = [
  { name: "conv1", norm: "bn1", in: 1, out: 8, stride: 1 },
  { name: "conv2", norm: "bn2", in: 8, out: 16, stride: 2 },
  { name: "conv3", norm: "bn3", in: 16, out: 32, stride: 2 },
];
/** The hidden linear layer; batch normalization and ReLU follow. */
const HIDDEN = { name: "fc1", norm: "bn4", in: 32, out: 32 };
/** The linear layer that makes the logits. */
const HEAD = { name: "fc2", in: 32, out: CLASSES };

type Weights = Map<string, { shape: number[]; data: Float32Array }>;

/** First values: He's normal initialization for weights, 1 and 0 for norms. */
function initialWeights(seed: number): Weights {
  const random = new Random(seed);
  const weights: Weights = new Map();
  const put = (name: string, shape: number[], value: () => number) =>
    weights.set(name, {
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value),
    });
  const norm = (name: string, size: number) => {
    put(`${name}.weight`, [size], () => 1);
    put(`${name}.bias`, [size], () => 0);
    put(`${name}.running_mean`, [size], () => 0);
    put(`${name}.running_var`, [size], () => 1);
  };
  for (const c of CONVS) {
    put(`${c.name}.weight`, [c.out, c.in, 3, 3], () => random.normal() * Math.sqrt(2 / (9 * c.in)));
    norm(c.norm, c.out);
  }
  put(`${HIDDEN.name}.weight`, [HIDDEN.out, HIDDEN.in], () => random.normal() * Math.sqrt(2 / HIDDEN.in));
  norm(HIDDEN.norm, HIDDEN.out);
  put(`${HEAD.name}.weight`, [HEAD.out, HEAD.in], () => random.normal() * Math.sqrt(1 / HEAD.in));
  put(`${HEAD.name}.bias`, [HEAD.out], () => 0);
  return weights;
}

/** Encodes the network as an ONNX file: opset 17, training mode, a batch axis of any size. */
function onnxFile(weights: Weights): Uint8Array {
  const nodes: Partial<NodeProto>[] = [];
  const node = (
    opType: string,
    input: string[],
    output: string,
    attribute: Partial<AttributeProto>[] = [],
  ) => {
    nodes.push({
      opType,
      name: `/${output}`,
      input,
      output: [output],
      attribute: attribute as AttributeProto[],
    });
    return output;
  };
  const int = (name: string, i: number) => ({ name, type: AttributeType.INT, i: BigInt(i) });
  const ints = (name: string, list: number[]) => ({ name, type: AttributeType.INTS, ints: list.map(BigInt) });
  const normalized = (x: string, name: string) => {
    const parts = ["weight", "bias", "running_mean", "running_var"].map((part) => `${name}.${part}`);
    const y = node("BatchNormalization", [x, ...parts], `${name}_out`, [
      { name: "epsilon", type: AttributeType.FLOAT, f: 1e-5 },
      { name: "momentum", type: AttributeType.FLOAT, f: 0.9 },
      int("training_mode", 1),
    ]);
    nodes.at(-1)!.output!.push(`${name}.new_mean`, `${name}.new_var`);
    return node("Relu", [y], `${name}_relu`);
  };

  let x = "input";
  for (const c of CONVS) {
    const attributes = [
      ints("kernel_shape", [3, 3]),
      ints("pads", [1, 1, 1, 1]),
      ints("strides", [c.stride, c.stride]),
    ];
    x = normalized(node("Conv", [x, `${c.name}.weight`], `${c.name}_out`, attributes), c.norm);
  }
  x = node("Flatten", [node("GlobalAveragePool", [x], "pooled")], "flat");
  x = normalized(
    node("Gemm", [x, `${HIDDEN.name}.weight`], `${HIDDEN.name}_out`, [int("transB", 1)]),
    HIDDEN.norm,
  );
  node("Gemm", [x, `${HEAD.name}.weight`, `${HEAD.name}.bias`], "logits", [int("transB", 1)]);

  const value = (name: string, dims: (number | string)[]) => ({
    name,
    type: {
      value: {
        case: "tensorType" as const,
        value: {
          elemType: DataType.FLOAT,
          shape: {
            dim: dims.map((d) => ({
              value:
                typeof d === "string"
                  ? { case: "dimParam" as const, value: d }
                  : { case: "dimValue" as const, value: BigInt(d) },
            })),
          },
        },
      },
    },
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: "blindspot",
      opsetImport: [{ domain: "", version: 17n }],
      graph: {
        name: "glyphs",
        node: nodes as NodeProto[],
        input: [value("input", ["N", 1, SIZE, SIZE])],
        output: [value("logits", ["N", CLASSES])],
        initializer: [...weights].map(([name, { shape, data }]) => ({
          name,
          dataType: DataType.FLOAT,
          dims: shape.map(BigInt),
          rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        })),
      },
      // The types of protobuf messages demand every field; `create` fills in the missing ones.
    } as never),
  );
}

/**
 * One step of stochastic gradient descent with momentum, as a function from parameters, velocities,
 * images and labels to the loss, new parameters and new velocities.
 */
function trainingStep(opened: OpenedModel, loss: Loss): TracedFunction {
  const count = opened.params.length;
  return (...args) => {
    const [params, velocities] = [args.slice(0, count), args.slice(count, 2 * count)];
    const [images, labels] = args.slice(2 * count);
    const { value, grads } = valueAndGrad((...weights) => {
      const { outputs } = opened.forward(weights, new Map([["input", images]]));
      return { value: loss.apply(outputs, labels), aux: [] };
    }, params);
    const next = velocities.map((v, i) => add(mul(v, MOMENTUM), grads[i]));
    return [value, ...params.map((p, i) => sub(p, mul(next[i], RATE))), ...next];
  };
}

/** Mean and unbiased variance of each channel of each norm layer's input, over one batch. */
function runningStatistics(opened: OpenedModel): TracedFunction {
  return (...args) => {
    const params = args.slice(0, opened.params.length);
    const statistics: Traced[] = [];
    opened.forward(params, new Map([["input", args.at(-1)!]]), {
      input: (_, x) => {
        const axes = x.shape.map((_, i) => i).filter((i) => i !== 1);
        const count = axes.reduce((n, axis) => n * x.shape[axis], 1);
        const center = mean(x, axes, { keepdims: true });
        statistics.push(mean(x, axes), mul(sum(square(sub(x, center)), axes), 1 / (count - 1)));
        return x;
      },
    });
    return statistics;
  };
}

/** Opens the network as a function of its weights, for batches of `count` images. */
function opened(weights: Weights, count: number): OpenedModel {
  const model = decodeModel("glyphs.onnx", onnxFile(weights));
  const images = { dtype: "float32", shape: [count, 1, SIZE, SIZE] } as const;
  return openModel(model, findNorms(model), { inputs: new Map([["input", images]]), precision: "float32" });
}

async function train(weights: Weights): Promise<Tensor[]> {
  const net = opened(weights, BATCH);
  const batchOf = (seed: number) => glyphs({ count: BATCH, seed, size: SIZE });
  const sample = batchOf(0);
  const loss = resolveLoss("cross-entropy", net, {
    file: "the training batch",
    tensors: new Map([["label", sample.labels]]),
  });
  const labelsFor = (labels: Tensor): Tensor => ({ ...labels, shape: loss.target!.shape });

  let parameters = net.params.map((p) => p.load());
  let velocities = parameters.map((p): Tensor => ({ ...p, data: new Float32Array(sizeOf(p.shape)) }));
  const first = [...parameters, ...velocities, sample.images, labelsFor(sample.labels)];
  await using step = await compile(trainingStep(net, loss), first);
  for (let i = 0; i < STEPS; i++) {
    const { images, labels } = batchOf(1000 + i);
    const [value, ...state] = await step.run([...parameters, ...velocities, images, labelsFor(labels)]);
    parameters = state.slice(0, parameters.length);
    velocities = state.slice(parameters.length);
    if (i % 50 === 0 || i === STEPS - 1) console.error(`step ${i}: loss ${value.data[0].toFixed(4)}`);
  }
  return parameters;
}

/** Replaces first values in `weights` by trained parameters and running statistics. */
async function finish(weights: Weights, parameters: readonly Tensor[]): Promise<void> {
  const net = opened(weights, 1024);
  const { images } = glyphs({ count: 1024, seed: 7, size: SIZE });
  await using program = await compile(runningStatistics(net), [...parameters, images]);
  const statistics = await program.run([...parameters, images]);
  const put = (name: string, { shape, data }: Tensor) =>
    weights.set(name, { shape: [...shape], data: data as Float32Array });
  for (const [i, { name }] of net.params.entries()) put(name, parameters[i]);
  for (const [i, { norm }] of net.layers.entries()) {
    put(`${norm.name}.running_mean`, statistics[2 * i]);
    put(`${norm.name}.running_var`, statistics[2 * i + 1]);
  }
}

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
const weights = initialWeights(1);
await finish(weights, await train(weights));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}glyphs.onnx`, onnxFile(weights));
for (const { name, count, seed, only } of [
  { name: "mixed", count: BATCH, seed: 42 },
  { name: "one-class", count: BATCH, seed: 42, only: 0 },
  { name: "samples", count: 5 * BATCH, seed: 43 },
]) {
  const { images, labels } = glyphs({ count, seed, size: SIZE, only });
  await writeNpz(
    `${folder}${name}.npz`,
    new Map<string, Tensor>([
      ["input", images],
      ["label", labels],
    ]),
  );
}
