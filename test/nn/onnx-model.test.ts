import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import { Random } from "../../src/base/random.js";
import { castTensor, sizeOf, type Tensor } from "../../src/base/tensor.js";
import { compile } from "../../src/engine/index.js";
import { add, constant, evaluateShapes, type Traced, valueAndGrad } from "../../src/engine/lang/index.js";
import {
  autoencoder,
  type Blocked,
  crossEntropy,
  densenet,
  initialBuffers,
  initialValues,
  meanSquaredError,
  mlp,
  type Network,
  type NormCall,
  type NormName,
  onnxModel,
  resnet,
  vgg,
} from "../../src/nn/index.js";
import { findNorms, readModel } from "../../src/onnx/index.js";
import { writeNpz } from "../../src/tensor-files/index.js";
import { BlockedSharesAccumulator } from "../../src/theory/index.js";
import { temporaryFolder } from "../support/temporary.js";

const folder = temporaryFolder();

interface Trained {
  readonly network: Network;
  readonly parameters: readonly Tensor[];
  readonly buffers: readonly Tensor[];
}

/** A network near its start: γ, β and running statistics differ from their first values. */
function trained(network: Network): Trained {
  const random = new Random(3);
  const moved = (tensor: Tensor, by: () => number): Tensor => ({
    ...tensor,
    data: Float32Array.from(tensor.data, (value) => value + by()),
  });
  return {
    network,
    parameters: initialValues(network, random).map((t) => moved(t, () => 0.05 * random.normal())),
    buffers: initialBuffers(network).map((t) => moved(t, () => random.uniform(0, 0.3))),
  };
}

function normal(shape: readonly number[], seed: number): Tensor {
  const random = new Random(seed);
  return {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  };
}

async function runFile(bytes: Uint8Array, x: Tensor): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const feed = new ort.Tensor("float32", x.data as Float32Array, [...x.shape]);
  const { output } = await session.run({ input: feed });
  await session.release();
  return output.data as Float32Array;
}

/** The output of the network itself, compiled by the engine. */
async function runNetwork({ network, parameters, buffers }: Trained, mode: string, x: Tensor) {
  const given = [...parameters, ...buffers, x];
  await using program = await compile((...args) => {
    const own = args.slice(0, parameters.length);
    const statistics = args.slice(parameters.length, -1);
    if (mode === "training") return [network.train(own, statistics, args.at(-1)!).output];
    return [network.evaluate(own, statistics, args.at(-1)!)];
  }, given);
  return (await program.run(given))[0].data as Float32Array;
}

function expectClose(got: Float32Array, want: Float32Array, tolerance: number): void {
  expect(got.length).toBe(want.length);
  const largest = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const worst = got.reduce((a, b, i) => Math.max(a, Math.abs(b - want[i])), 0);
  expect(worst / largest).toBeLessThan(tolerance);
}

const images = (batch: number) => [batch, 3, 32, 32];
const small = (norm: NormName) => resnet({ blocks: [1, 1], width: 8, norm });

const networks: [string, Network, (batch: number) => number[]][] = [
  ["MLP", mlp({ inputs: 12, hidden: [10, 8], norm: "bn" }), (batch) => [batch, 12]],
  ["VGG-11", vgg({ depth: 11, norm: "bn" }), images],
  ["ResNet", resnet({ blocks: [1, 1, 1], width: 8, norm: "bn" }), images],
  ["DenseNet", densenet({ blocks: [2, 2], growth: 4, norm: "bn" }), images],
  ["autoencoder", autoencoder({ channels: 3, widths: [8, 16], norm: "bn" }), images],
];

describe("An exported network computes in ONNX Runtime what the network computes", () => {
  it.each(networks)(
    "%s agrees in both modes, for its own and for another batch size",
    async (_, network, shape) => {
      const model = trained(network);
      for (const mode of ["training", "evaluation"] as const) {
        const options = { mode, shape: shape(6) };
        const bytes = onnxModel(network, model.parameters, model.buffers, options);
        for (const batch of [6, 5]) {
          const x = normal(shape(batch), batch);
          // In training, batch norm divides by deviations of few values, which adds rounding.
          expectClose(await runFile(bytes, x), await runNetwork(model, mode, x), 2e-5);
        }
      }
    },
  );

  const norms: [NormName, string | null, string | null][] = [
    ["bn", "BatchNormalization", "BatchNormalization"],
    ["ln", "LayerNormalization", "LayerNormalization"],
    ["in", "InstanceNormalization", "InstanceNormalization"],
    ["gn:4", "GroupNormalization", "GroupNormalization"],
    ["rms", "RMSNormalization", "RMSNormalization"],
    ["ghost:3", null, "BatchNormalization"],
    // The file has no detached statistics, so it is a batch norm written by hand.
    ["detached", "BatchNormalization (decomposed)", "BatchNormalization"],
    ["frozen", null, "BatchNormalization"],
    ["brn", "BatchNormalization (decomposed)", null],
    // Filter response normalization divides by a root mean square over positions.
    ["frn", "RMSNormalization (decomposed)", "RMSNormalization (decomposed)"],
    ["actnorm", null, null],
    ["dyt", null, null],
    ["none", null, null],
  ];
  it.each(norms)(
    "%s is exported as %s in training and as %s in evaluation",
    async (norm, training, evaluation) => {
      const model = trained(small(norm));
      const x = normal(images(6), 1);
      for (const [mode, op] of [
        ["training", training],
        ["evaluation", evaluation],
      ] as const) {
        const options = { mode, shape: x.shape };
        const bytes = onnxModel(model.network, model.parameters, model.buffers, options);
        expectClose(await runFile(bytes, x), await runNetwork(model, mode, x), 1e-5);
        const file = await readModel(folder.write("norm.onnx", bytes));
        const found = findNorms(file);
        expect(new Set(found.map((layer) => layer.op))).toEqual(new Set(op === null ? [] : [op]));
        if (op === null || op.endsWith("(decomposed)")) continue;
        expect(found.map((layer) => layer.name)).toEqual([
          "stem_norm",
          ...["norm1", "norm2"].map((name) => `stage1.0.${name}`),
          ...["norm1", "norm2", "shortcut_norm"].map((name) => `stage2.0.${name}`),
        ]);
        if (op === "BatchNormalization") expect(new Set(found.map((f) => f.mode))).toEqual(new Set([mode]));
      }
    },
  );

  it("The batch size is fixed if values depend on it, not shapes alone", async () => {
    const model = trained(mlp({ inputs: 5, hidden: [4], norm: "detached" }));
    const options = { mode: "training", shape: [6, 5] } as const;
    const bytes = onnxModel(model.network, model.parameters, model.buffers, options);
    const { inputs } = await readModel(folder.write("static.onnx", bytes));
    expect(inputs[0].shape).toEqual([6, 5]);
  });
});

/** Blocked shares of each layer from y and G = ∂L/∂y of the network itself, in float64. */
async function sharesOf(
  { network, parameters, buffers }: Trained,
  x: Tensor,
  loss: (output: Traced) => Traced,
): Promise<{ name: string; blocked: number; energy: number }[]> {
  const given = [...parameters, ...buffers, x].map((t) => castTensor(t, "float64"));
  const layers: { name: string; blocks: Blocked; shape: readonly number[] }[] = [];
  const pass = (args: readonly Traced[], tap: (y: Traced, layer: number) => Traced) => {
    const ys: Traced[] = [];
    const own = args.slice(0, parameters.length);
    const buffered = args.slice(parameters.length, -1);
    layers.length = 0;
    const replaceNorm = ({ name, norm, x }: NormCall) => {
      const of = (owned: string) => own[network.parameters.findIndex((p) => p.name === `${name}.${owned}`)];
      const y = norm.standardize(x, []);
      layers.push({ name, blocks: norm.blocks(x.shape)!, shape: [...x.shape] });
      return norm.affine(tap(y, ys.push(y) - 1), [of("weight"), of("bias")]);
    };
    const x = args.at(-1)!;
    const output = network.replaceNorms({
      mode: "training",
      parameters: own,
      buffers: buffered,
      x,
      replaceNorm,
    });
    return { output, ys };
  };
  evaluateShapes((...args) => [pass(args, (y) => y).output], given);
  const zeros = layers.map(
    ({ shape }): Tensor => ({ dtype: "float64", shape, data: new Float64Array(sizeOf(shape)) }),
  );
  await using program = await compile(
    (...args) => {
      const { aux, grads } = valueAndGrad((...taps) => {
        const { output, ys } = pass(args.slice(0, given.length), (y, layer) => add(y, taps[layer]));
        return { value: loss(output), aux: ys };
      }, args.slice(given.length));
      return [...aux, ...grads];
    },
    [...given, ...zeros],
  );
  const results = await program.run([...given, ...zeros]);
  return layers.map(({ name, blocks }, i) => {
    const accumulator = new BlockedSharesAccumulator(blocks.layout, { centred: blocks.ones });
    accumulator.add(results[i].data as Float64Array, results[layers.length + i].data as Float64Array);
    const { first, diag, energy } = accumulator.result().total;
    return { name, blocked: (first + diag) / energy, energy };
  });
}

describe("The audit of an exported network agrees with gradients of the network itself", () => {
  const labels = Int32Array.from({ length: 12 }, () => 3);
  const cases: [string, Network, number[], "cross-entropy" | "mse"][] = [
    ["MLP, bn", mlp({ inputs: 6, hidden: [10, 8], norm: "bn" }), [12, 6], "cross-entropy"],
    ["ResNet, bn", small("bn"), [12, 3, 32, 32], "cross-entropy"],
    ["ResNet, ln", small("ln"), [12, 3, 32, 32], "cross-entropy"],
    ["ResNet, gn", small("gn:4"), [12, 3, 32, 32], "cross-entropy"],
    ["ResNet, rms", small("rms"), [12, 3, 32, 32], "cross-entropy"],
    [
      "autoencoder",
      autoencoder({ channels: 3, widths: [4, 6], norm: "bn", size: 16 }),
      [12, 3, 16, 16],
      "mse",
    ],
  ];
  it.each(cases)("%s", async (_, network, shape, kind) => {
    const model = trained(network);
    const x = normal(shape, 8);
    const target = castTensor(x, "float64");
    const want = await sharesOf(model, x, (output) =>
      kind === "mse"
        ? meanSquaredError(output, constant(target.data, shape, "float64"))
        : crossEntropy(output, constant(labels, [12], "int32")),
    );
    const options = { mode: "training", shape } as const;
    folder.write("model.onnx", onnxModel(network, model.parameters, model.buffers, options));
    const label: Tensor = { dtype: "int32", shape: [12], data: labels };
    const batch = kind === "mse" ? { input: x } : { input: x, label };
    await writeNpz(folder.path("batch.npz"), new Map<string, Tensor>(Object.entries(batch)));
    const data = folder.path("batch.npz");
    const report = await auditModel(folder.path("model.onnx"), { data, precision: "float64" });

    expect(report.loss.kind).toBe(kind);
    expect(report.layers.map(({ name }) => name)).toEqual(want.map(({ name }) => name));
    for (const [i, layer] of report.layers.entries()) {
      // ONNX stores ε as float32, which moves shares by about 1e-8.
      expect(Math.abs(layer.shares.blocked - want[i].blocked)).toBeLessThan(1e-7);
      expect(layer.energy.total / want[i].energy).toBeCloseTo(1, 6);
      expect(layer.identityResidual).toBeLessThan(1e-9);
      // Every norm of these networks has a linear op right below.
      expect(network.parameters.map(({ name }) => name)).toContain(layer.weights?.name);
    }
  });
});
