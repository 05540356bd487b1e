import {
  batchOf,
  type Dataset,
  datasetNames,
  firstOf,
  loadDataset,
  type Split,
} from "../../datasets/index.js";
import { adam, meanSquaredError, type NormName } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import type { Features } from "../features/geometry.js";
import { linearProbe } from "../features/linear-probe.js";
import { outputsOf } from "../features/outputs.js";
import type { Curve, Measurement } from "../result.js";
import { once } from "../runs.js";
import { oneOf, positive, type SettingsTable, twoSizes, type ValuesOf, wholeNumber } from "../settings.js";
import { sampleOf } from "../statistics.js";
import { exportRun } from "../training/export.js";
import { type Metrics, type Series, seriesOf } from "../training/metrics.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { claimsOf } from "./claims.js";
import { coder } from "./network.js";
import { meanOf, type Recorded, type Runs, type Summary } from "./summary.js";

const kinds = {
  dataset: oneOf(datasetNames),
  images: wholeNumber(500),
  tested: wholeNumber(500),
  widths: twoSizes,
  code: wholeNumber(1),
  batch: wholeNumber(2),
  epochs: wholeNumber(1),
  /** Of Adam. */
  rate: positive,
  recordEvery: wholeNumber(1),
};

type Settings = ValuesOf<typeof kinds>;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", images: 1200, tested: 500, widths: [8, 16], code: 16 },
    ...{ batch: 32, epochs: 2, rate: 1e-3, recordEvery: 5 },
  },
  cpu: {
    ...{ dataset: "fashion-mnist", images: 10_000, tested: 5000, widths: [16, 32], code: 32 },
    ...{ batch: 64, epochs: 5, rate: 1e-3, recordEvery: 10 },
  },
  paper: {
    ...{ dataset: "cifar10", images: 50_000, tested: 10_000, widths: [64, 128], code: 256 },
    ...{ batch: 128, epochs: 50, rate: 1e-3, recordEvery: 10 },
  },
} as const satisfies SettingsTable<Settings>["scales"];

/** Reconstruction, where all samples share the loss formula: what norms keep from the weights, and what that costs. */
export const autoencoder: Experiment<Settings> = {
  norms: ["none", "bn", "ln", "detached"],
  settings: { kinds, scales },
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, seeds, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const all: Runs[] = [];
  let trainingMs = 0;
  for (const norm of context.norms) {
    const summaries: Summary[] = [];
    for (const seed of seeds) {
      const { summary, elapsedMs } = await once(
        context,
        `${norm.replace(":", "-")}-seed${seed}`,
        { ...settings, norm, seed },
        (folder, onProgress) => trainOnce(dataset, { norm, seed }, { ...context, folder, onProgress }),
      );
      summaries.push(summary);
      trainingMs += elapsedMs;
    }
    all.push({ norm, summaries });
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
  { norm, seed }: { norm: NormName; seed: number },
  { folder, resume, onProgress, settings }: ExperimentContext<Settings>,
): Promise<Summary> {
  const { shape, classes } = dataset;
  const { whole, encoder } = coder({ ...settings, shape, norm });
  const split = firstOf(dataset.train, settings.images);
  const test = firstOf(dataset.test, settings.tested);
  const epochs = new Epochs(split.labels, { size: settings.batch, batching: "shuffled", seed });
  const imagesOf = (step: number) => batchOf(split, shape, epochs.batch(step)).images;
  const steps = settings.epochs * epochs.length;
  await using reconstructions = await outputsOf([whole], shape);
  const { state, metrics } = await train(
    {
      procedure: supervised({
        network: whole,
        optimizer: adam({ rate: settings.rate }),
        loss: meanSquaredError,
      }),
      settings: { ...settings, norm },
      seed,
      steps,
      checkpointEvery: epochs.length,
      record: { every: settings.recordEvery },
      batch: (step) => [imagesOf(step)],
      measure: async (state) => ({ error: errorOf((await reconstructions.of(state, test))[0], test) }),
    },
    { folder, resume, onProgress },
  );
  await exportRun(folder, whole, state, { input: imagesOf(steps - 1) });

  onProgress("linear probe of the code");
  await using codes = await outputsOf([encoder], shape);
  const [onTrain, onTest] = [(await codes.of(state, split))[0], (await codes.of(state, test))[0]];
  const errors = seriesOf(metrics, "error");
  return {
    loss: seriesOf(metrics, "loss"),
    errors,
    error: errors.values.at(-1)!,
    probe: await linearProbe(onTrain, split.labels, onTest, test.labels, classes.length),
    recorded: recordedIn(metrics),
  };
}

/** Mean squared error of reconstructions against the images, pixels from 0 to 1. */
function errorOf({ data }: Features, { images }: Split): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) total += (data[i] - images[i] / 255) ** 2;
  return total / data.length;
}

/** The layers that the first recorded step names. */
function recordedIn(metrics: readonly Metrics[]): Recorded[] {
  const first = metrics.find(({ step }) => step === 1)!;
  const layers = Object.keys(first).flatMap((name) => /^blocked\/(.+)$/.exec(name)?.slice(1) ?? []);
  return layers.map((layer) => ({
    layer,
    blocked: seriesOf(metrics, `blocked/${layer}`),
    removed: seriesOf(metrics, `removed/${layer}`),
  }));
}

function measurementsOf({ norm, summaries }: Runs): Measurement[] {
  const measurement = (quantity: string, series: string, of: (summary: Summary) => number): Measurement => ({
    ...{ group: norm, series, quantity },
    ...sampleOf(summaries.map(of)),
  });
  return [
    measurement("mean squared error on test images", "", ({ error }) => error),
    measurement("linear probe accuracy of the code", "", ({ probe }) => probe),
    ...(["removed", "blocked share"] as const).flatMap((quantity) =>
      summaries[0].recorded.map(({ layer }, i) =>
        measurement(quantity, layer, ({ recorded }) => {
          const { removed, blocked } = recorded[i];
          return meanOf((quantity === "removed" ? removed : blocked).values);
        }),
      ),
    ),
  ];
}

function curvesOf({ norm, summaries }: Runs): Curve[] {
  const curve = (quantity: string, series: string, of: (summary: Summary) => Series): Curve => ({
    ...{ group: norm, series, quantity, steps: of(summaries[0]).steps },
    values: summaries.map((summary) => of(summary).values),
  });
  return [
    curve("training loss", "", ({ loss }) => loss),
    curve("error on test images", "", ({ errors }) => errors),
    ...summaries[0].recorded.flatMap(({ layer }, i) => [
      curve("removed during training", layer, ({ recorded }) => recorded[i].removed),
      curve("blocked share during training", layer, ({ recorded }) => recorded[i].blocked),
    ]),
  ];
}
