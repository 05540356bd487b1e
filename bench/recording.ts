/**
 * Times training steps that record the blocked shares of all norm layers:
 *
 *     npm run bench:recording -- [networks] [--batch 64] [--every 10] [--runs 5]
 *
 * Runs whole training steps of SGD with momentum, plain and recorded in alternation. "extra" is the
 * time that recording one step in k adds to k plain steps.
 */
import { parseArgs } from "node:util";
import { Random } from "../src/base/random.js";
import { sizeOf, type Tensor } from "../src/base/tensor.js";
import { Stepper } from "../src/experiments/training/stepper.js";
import { supervised } from "../src/experiments/training/supervised.js";
import { sgd } from "../src/nn/index.js";
import { median } from "./median.js";
import { NETWORKS } from "./networks/index.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "64" },
    every: { type: "string", default: "10" },
    runs: { type: "string", default: "5" },
  },
});

const rows: Record<string, string | number>[] = [];
for (const name of positionals.length > 0 ? positionals : ["vgg11", "resnet18", "autoencoder", "mlp"])
  rows.push(await compare(name, Number(flags.batch), Number(flags.every), Number(flags.runs)));
console.table(rows);

async function compare(name: string, batch: number, every: number, runs: number) {
  const { build, sample, loss } = NETWORKS[name];
  const random = new Random(0);
  const shape = [batch, ...sample];
  const images: Tensor = {
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  };
  const labels: Tensor = {
    dtype: "int32",
    shape: [batch],
    data: Int32Array.from({ length: batch }, () => random.below(10)),
  };
  // The target of an autoencoder is its input.
  const inputs = name === "autoencoder" ? [images] : [images, labels];
  const procedure = supervised({
    network: build(),
    optimizer: sgd({ rate: 1e-4, momentum: 0.9 }),
    loss: (output, target) => loss(output, target, target),
  });
  await using stepper = await Stepper.compile(procedure, procedure.initial(random), inputs);
  let number = 0;
  const timed = async (layers: ((layer: string) => boolean) | null) => {
    const start = performance.now();
    await stepper.step(++number, inputs, layers);
    return performance.now() - start;
  };
  const recorded = () => timed(() => true);
  const plain = () => timed(null);
  await plain();
  const compiling = await recorded();
  const pairs: [number, number][] = [];
  for (let i = 0; i < runs; i++) pairs.push([await recorded(), await plain()]);
  const ratio = median(pairs.map(([r, p]) => r / p));
  return {
    network: name,
    batch,
    "plain ms": median(pairs.map(([, p]) => p)).toFixed(1),
    "recorded ms": median(pairs.map(([r]) => r)).toFixed(1),
    ratio: ratio.toFixed(2),
    [`extra, every ${every}`]: `${((100 * (ratio - 1)) / every).toFixed(1)} %`,
    "first recorded ms": Math.round(compiling),
  };
}
