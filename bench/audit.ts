/**
 * Compares the time of an audit of all layers with that of one gradient of the same model:
 *
 *     npm run bench:audit -- [networks] [--batch 64] [--runs 5]
 *
 * Both run in our engine. The models are PyTorch's exports of the benchmark networks. "audit" runs
 * the measuring program and reduces its results in float64, as `blindspot audit` does. "gradient"
 * computes the loss and the gradients of all parameters.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { features } from "../src/audit/measuring/measure-model.js";
import { measuringFunction } from "../src/audit/measuring/measuring-function.js";
import { resultLayout } from "../src/audit/measuring/result-layout.js";
import type { Tensor } from "../src/base/tensor.js";
import { compile } from "../src/engine/index.js";
import { type TracedFunction, valueAndGrad } from "../src/engine/lang/index.js";
import { compileForMeasuring } from "../src/measure/compile-for-measuring.js";
import { sharesFromResults } from "../src/measure/feature-results.js";
import { findNorms, matchInputs, openModel, readModel, resolveLoss } from "../src/onnx/index.js";
import { readTensors } from "../src/tensor-files/index.js";
import { Contestant } from "./contestant.js";
import { median } from "./median.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { batch: { type: "string", default: "64" }, runs: { type: "string", default: "5" } },
});

const rows: Record<string, string | number>[] = [];
for (const name of positionals.length > 0 ? positionals : ["vgg11", "resnet18"])
  rows.push(await compare(name, Number(flags.batch), Number(flags.runs)));
console.table(rows);

async function compare(name: string, batch: number, runs: number) {
  const folder = mkdtempSync(join(tmpdir(), "blindspot-bench-"));
  const peer = Contestant.pytorch();
  const paths = await peer.ask<{ model: string; data: string }>({ export: name, batch, to: folder });
  peer.close();
  const model = await readModel(paths.model);
  const data = { file: paths.data, tensors: await readTensors(paths.data) };
  rmSync(folder, { recursive: true });

  const inputs = matchInputs(model, data);
  const opened = openModel(model, findNorms(model), { inputs, precision: "float32" });
  const [input] = [...inputs.values()] as [Tensor];
  const loss = resolveLoss(undefined, opened, data, { input });
  const args = [...opened.params.map((p) => p.load()), input, loss.target!];
  const count = opened.params.length;
  const gradient: TracedFunction = (...all) => {
    const { value, grads } = valueAndGrad(
      (...params) => {
        const { outputs } = opened.forward(params, new Map([[opened.inputs[0].name, all[count]]]));
        return { value: loss.apply(outputs, all[count + 1]), aux: [] };
      },
      all.slice(0, count),
    );
    return [value, ...grads];
  };
  const layout = resultLayout(opened);
  await using auditProgram = await compileForMeasuring(measuringFunction(opened, loss, layout), args);
  await using gradientProgram = await compile(gradient, args);

  const timed = async (work: () => Promise<void>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const step = () => timed(async () => void (await gradientProgram.run(args)));
  let reducing = 0;
  const audit = () =>
    timed(async () => {
      const results = await auditProgram.run(args);
      const start = performance.now();
      opened.layers.forEach((layer, i) => void sharesFromResults(layer, features(layout.layers[i], results)));
      reducing = performance.now() - start;
    });
  await step();
  await audit();
  const pairs: [number, number][] = [];
  for (let i = 0; i < runs; i++) pairs.push([await audit(), await step()]);
  return {
    network: name,
    batch,
    layers: opened.layers.length,
    "audit ms": Math.round(median(pairs.map(([a]) => a))),
    "of it theory ms": Math.round(reducing),
    "gradient ms": Math.round(median(pairs.map(([, g]) => g))),
    ratio: Math.round(100 * median(pairs.map(([a, g]) => a / g))) / 100,
  };
}
