import type { Tensor } from "../../base/tensor.js";
import { type Dataset, datasetNames, firstOf, loadDataset, Random } from "../../datasets/index.js";
import { adam, discriminator, generator, type NormName } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { linearProbe } from "../features/linear-probe.js";
import { outputsOf } from "../features/outputs.js";
import type { Curve, Measurement } from "../result.js";
import { once } from "../runs.js";
import { belowOne, oneOf, positive, type SettingsTable, type ValuesOf, wholeNumber } from "../settings.js";
import { sampleOf } from "../statistics.js";
import { type Metrics, type Series, seriesOf } from "../training/metrics.js";
import { train } from "../training/train.js";
import { claimsOf } from "./claims.js";
import { centredBatch, centredPixels, framed } from "./images.js";
import { type Arrangement, adversarial, arrangements } from "./procedure.js";
import {
  averageOf,
  layersOf,
  type Measured,
  measures,
  type Recorded,
  type Runs,
  type Summary,
} from "./summary.js";

const kinds = {
  dataset: oneOf(datasetNames),
  /** For training; the first `probed` of them train the probe, and as many test images judge it. */
  images: wholeNumber(500),
  probed: wholeNumber(500),
  /** Channels of the stage next to the image, in both networks. */
  width: wholeNumber(1),
  stages: wholeNumber(2),
  latent: wholeNumber(1),
  /** Real images, and as many generated ones. */
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  /** Of Adam. */
  rate: positive,
  firstDecay: belowOne,
  recordEvery: wholeNumber(1),
};

type Settings = ValuesOf<typeof kinds>;

/** DCGAN's, as in PyTorch's example. */
const optimizer = { rate: 2e-4, firstDecay: 0.5 };

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 1600, probed: 1000, width: 8, stages: 3, latent: 16 },
    ...{ batch: 32, epochs: 1, recordEvery: 5, ...optimizer },
  },
  cpu: {
    ...{ dataset: "mnist", images: 10_000, probed: 5000, width: 16, stages: 3, latent: 64 },
    ...{ batch: 64, epochs: 5, recordEvery: 10, ...optimizer },
  },
  paper: {
    ...{ dataset: "cifar10", images: 50_000, probed: 10_000, width: 64, stages: 3, latent: 100 },
    ...{ batch: 128, epochs: 25, recordEvery: 10, ...optimizer },
  },
} as const satisfies SettingsTable<Settings>["scales"];

/** The folklore rule that a discriminator is to see batches all of real and all of generated images, put to the test. */
export const ganBatches: Experiment<Settings> = {
  norms: ["bn", "ln"],
  settings: { kinds, scales },
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, seeds, settings } = context;
  const loaded = await loadDataset(settings.dataset, { dataDir, onProgress });
  const dataset = framed(loaded, 2 ** settings.stages);
  const all: Runs[] = [];
  let trainingMs = 0;
  for (const norm of context.norms)
    for (const arrangement of arrangements) {
      const summaries: Summary[] = [];
      for (const seed of seeds) {
        const { summary, elapsedMs } = await once(
          context,
          `${norm.replace(":", "-")}-${arrangement}-seed${seed}`,
          { ...settings, norm, arrangement, seed },
          (folder, onProgress) =>
            trainOnce(dataset, { norm, arrangement, seed }, { ...context, folder, onProgress }),
        );
        summaries.push(summary);
        trainingMs += elapsedMs;
      }
      all.push({ norm, arrangement, summaries });
    }
  return {
    trainingMs,
    claims: claimsOf(all),
    measurements: all.flatMap(measurementsOf),
    curves: all.flatMap(curvesOf),
    clouds: [],
  };
}

async function trainOnce(
  dataset: Dataset,
  { norm, arrangement, seed }: { norm: NormName; arrangement: Arrangement; seed: number },
  { folder, resume, onProgress, settings }: ExperimentContext<Settings>,
): Promise<Summary> {
  const { width, stages, latent, batch, rate, firstDecay } = settings;
  const [channels, size] = dataset.shape;
  const sizes = { size, channels, width, stages };
  const judge = discriminator({ ...sizes, norm });
  // The generator keeps to batch norm, so that only the discriminator differs.
  const maker = generator({ ...sizes, norm: "bn", latent });
  const procedure = adversarial({
    generator: maker,
    discriminator: judge.whole,
    optimizer: adam({ rate, betas: [firstDecay, 0.999] }),
    arrangement,
  });
  const split = firstOf(dataset.train, settings.images);
  const epochs = new Epochs(split.labels, { size: batch, batching: "shuffled", seed });
  const { state, metrics } = await train(
    {
      procedure,
      settings: { ...settings, norm, arrangement },
      seed,
      steps: settings.epochs * epochs.length,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery },
      batch: (step) => [
        centredBatch(split, dataset.shape, epochs.batch(step)),
        normal(new Random(1_000_000 + 10_000 * seed + step), [batch, latent, 1, 1]),
      ],
    },
    { folder, resume, onProgress },
  );

  onProgress("linear probe");
  await using outputs = await outputsOf([judge.body], dataset.shape, centredPixels);
  const own = state.slice(procedure.names.findIndex((name) => name.startsWith("discriminator.")));
  const [trained, tested] = [firstOf(dataset.train, settings.probed), firstOf(dataset.test, settings.probed)];
  const [onTrain, onTest] = [(await outputs.of(own, trained))[0], (await outputs.of(own, tested))[0]];
  const classes = dataset.classes.length;
  return {
    discriminatorLoss: seriesOf(metrics, "loss/discriminator"),
    generatorLoss: seriesOf(metrics, "loss/generator"),
    recorded: recordedIn(metrics),
    probe: await linearProbe(onTrain, trained.labels, onTest, tested.labels, classes),
  };
}

function normal(random: Random, shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = random.normal();
  return { dtype: "float32", shape, data };
}

/** What the first line of metrics says was recorded: `blocked/norm2 (real)`, or `blocked/norm2` of mixed batches. */
function recordedIn(metrics: readonly Metrics[]): Recorded[] {
  const named = Object.keys(metrics[0]).filter((name) => name.startsWith("blocked/"));
  return named.map((name) => {
    const [, place, layer, pass = "mixed"] = /^blocked\/((\w+)(?: \((real|fake)\))?)$/.exec(name)!;
    return {
      layer: layer,
      pass: pass as Recorded["pass"],
      numbers: Object.fromEntries(
        measures.map((measured) => [measured, seriesOf(metrics, `${measured}/${place}`)]),
      ) as Recorded["numbers"],
    };
  });
}

const TITLES: Record<Measured, string> = {
  blocked: "blocked share",
  first: "first-order share",
  diag: "diagonal share",
  removed: "removed",
};

function measurementsOf({ norm, arrangement, summaries }: Runs): Measurement[] {
  const measurement = (quantity: string, of: (summary: Summary) => number): Measurement => ({
    ...{ group: norm, series: arrangement, quantity },
    ...sampleOf(summaries.map(of)),
  });
  return [
    ...layersOf(summaries[0]).flatMap((layer) =>
      measures.map((measured) =>
        measurement(`${TITLES[measured]}, ${layer}`, (summary) => averageOf(summary, layer, measured)),
      ),
    ),
    measurement("linear probe accuracy", ({ probe }) => probe),
  ];
}

function curvesOf({ norm, arrangement, summaries }: Runs): Curve[] {
  const curve = (quantity: string, series: string, of: (summary: Summary) => Series): Curve => ({
    ...{ group: norm, series, quantity, steps: of(summaries[0]).steps },
    values: summaries.map((summary) => of(summary).values),
  });
  return [
    ...summaries[0].recorded.flatMap(({ layer, pass }, i) =>
      measures.map((measured) =>
        curve(
          `${TITLES[measured]}, ${layer}`,
          arrangement === "mixed" ? "mixed" : `all ${pass}`,
          ({ recorded }) => recorded[i].numbers[measured],
        ),
      ),
    ),
    curve("loss of the discriminator", arrangement, (s) => s.discriminatorLoss),
    curve("loss of the generator", arrangement, (s) => s.generatorLoss),
  ];
}
