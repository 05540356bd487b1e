/**
 * Compares the losses of our training steps with PyTorch's, from the same weights on the same
 * batches:
 *
 *     node --import tsx scripts/pytorch-steps.ts <vgg11 | resnet18> \
 *       <width> <batch> <rate> <momentum> <batches> [folder with cifar10/]
 *
 * Training cycles through `batches` batches: of CIFAR-10, or without a folder of the tests'
 * pictures. BLINDSPOT_PYTHON names the Python with PyTorch; default /usr/bin/python3.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tensor } from "../src/base/tensor.js";
import { batchOf, epochBatches, loadDataset, Random } from "../src/datasets/index.js";
import type { ClassifierName } from "../src/nn/index.js";
import { writeNpz } from "../src/tensor-files/index.js";
import {
  type Batches,
  lossesOf,
  objectiveOf,
  pictures,
  type Steps,
  startOf,
} from "../test/support/experiments/steps.js";

const [network, ...rest] = process.argv.slice(2) as [ClassifierName, ...string[]];
const [width, batch, rate, momentum, count] = rest.map(Number) as [number, number, number, number, number];
const dataDir = rest[5];
const steps: Steps = {
  ...{ network, width, batch },
  ...{ rate, momentum, weightDecay: 5e-4, compared: [1, 10, 50] },
};
const all = dataDir === undefined ? pictures(steps.batch) : await cifar(dataDir);
const batches: Batches = (step) => all(step % count);

const folder = mkdtempSync(join(tmpdir(), "blindspot-steps-"));
const given = new Map<string, Tensor>();
const { network: built } = objectiveOf(steps);
built.parameters.forEach((_, i) => {
  given.set(`parameter${i}`, startOf(steps)[i]);
});
for (let step = 1; step <= Math.max(...steps.compared); step++) {
  const { images, labels } = batches(step);
  given.set(`images${step}`, images);
  given.set(`labels${step}`, labels);
}
await writeNpz(join(folder, "given.npz"), given);
const program = fileURLToPath(new URL("pytorch-steps.py", import.meta.url));
const python = process.env.BLINDSPOT_PYTHON ?? "/usr/bin/python3";
const inPyTorch = (precision: string) => {
  const output = execFileSync(python, [program, JSON.stringify(steps), join(folder, "given.npz"), precision]);
  return JSON.parse(output.toString()) as { version: string; losses: number[] };
};
const [single, double] = [inPyTorch("float32"), inPyTorch("float64")];
rmSync(folder, { recursive: true });
const ours = await lossesOf(steps, batches);
console.log(
  `${network}, width ${width}, batch ${batch}, rate ${rate}, momentum ${momentum}, ${count} batches; PyTorch ${single.version}`,
);
for (const [i, step] of steps.compared.entries())
  console.log(
    `step ${step}: ours ${ours[i]}, PyTorch ${single.losses[i]}, PyTorch in float64 ${double.losses[i]}`,
  );

/** Shuffled batches of CIFAR-10. Pixels are in 0…1. */
async function cifar(dataDir: string): Promise<Batches> {
  const { train, shape } = await loadDataset("cifar10", { dataDir });
  const order = epochBatches(train.labels, {
    size: steps.batch,
    batching: "shuffled",
    random: new Random(9),
  });
  return (step) => batchOf(train, shape, order[step % order.length]);
}
