import { UserError } from "../../base/errors.js";
import { sizeOf } from "../../base/tensor.js";
import {
  type Batching,
  batchings,
  type Dataset,
  datasetNames,
  loadDataset,
  Random,
} from "../../datasets/index.js";
import { adamax, bitsPerDimension, type NormName, realnvp } from "../../nn/index.js";
import { Epochs } from "../epochs.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import type { Curve, Measurement } from "../result.js";
import { once } from "../runs.js";
import { oneOf, positive, type SettingsTable, type ValuesOf, wholeNumber, yesOrNo } from "../settings.js";
import { sampleOf } from "../statistics.js";
import { exportRun } from "../training/export.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { claimsOf } from "./claims.js";
import { blendsPng, interpolate, type Pairs, pairsOf, samples } from "./evaluate.js";
import { dequantized, levelsOf, ofClasses } from "./images.js";
import { ALPHAS, bitsOfReal, type Course, excess, HALF, type Runs, type Summary } from "./summary.js";

const kinds = {
  dataset: oneOf(datasetNames),
  /** The two classes, as labels. */
  first: wholeNumber(0),
  second: wholeNumber(0),
  /** Pairs of held-out images that are blended: a multiple of the batch. */
  pairs: wholeNumber(1),
  /** Whether flows are trained on shuffled batches, too, beside those of one class. */
  shuffled: yesOrNo,
  /** Of the flow: see `realnvp`. */
  scales: wholeNumber(1),
  width: wholeNumber(1),
  blocks: wholeNumber(0),
  batch: wholeNumber(2),
  steps: wholeNumber(1),
  rate: positive,
  decay: positive,
};

type Settings = ValuesOf<typeof kinds>;

/** Of Adamax, as in the official code, with this ε. */
const EPSILON = 1e-7;
const official = { rate: 1e-3, decay: 1e-4 };
/** Fewer steps, so larger ones: with the official rate 300 steps come to 3.3 bits/dim, with this one 2. */
const quicker = { ...official, rate: 5e-3 };

const digits = { dataset: "mnist", first: 8, second: 9, scales: 2, batch: 64, shuffled: true } as const;

const scales = {
  smoke: {
    ...{ dataset: "glyphs", first: 2, second: 5, pairs: 32, shuffled: false },
    ...{ scales: 1, width: 4, blocks: 1, batch: 32, steps: 40, ...quicker },
  },
  cpu: { ...digits, pairs: 256, width: 8, blocks: 1, steps: 200, ...quicker },
  // The official code makes 600 batches an epoch, for 100 epochs, and compares all 974 pairs.
  paper: { ...digits, pairs: 960, width: 64, blocks: 8, steps: 60_000, ...official },
} as const satisfies SettingsTable<Settings>["scales"];

/** Likelihood of blends of two digits under a flow, trained on one-class batches: docs/theory.md, section 8, item 4. */
export const flowInterpolation: Experiment<Settings> = {
  norms: ["bn", "ln", "none"],
  onlyNorms: ["bn", "ln", "detached", "frozen", "actnorm", "none"],
  settings: { kinds, scales },
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { dataDir, onProgress, seeds, settings } = context;
  const dataset = await loadDataset(settings.dataset, { dataDir, onProgress });
  const pairs = checkedPairs(dataset, settings);
  const all: Runs[] = [];
  let trainingMs = 0;
  for (const norm of context.norms)
    for (const batching of batchings.filter((b) => b === "label" || settings.shuffled)) {
      const summaries: Summary[] = [];
      for (const seed of seeds) {
        const { summary, elapsedMs } = await once(
          context,
          `${norm}-${batching}-seed${seed}`,
          // Not `shuffled`: whether other runs are made is nothing to this one.
          { ...settings, shuffled: undefined, norm, batching, seed },
          (folder, onProgress) =>
            trainOnce(dataset, pairs, { norm, batching, seed }, { ...context, folder, onProgress }),
        );
        summaries.push(summary);
        trainingMs += elapsedMs;
      }
      all.push({ norm, batching, summaries });
    }
  const names = [settings.first, settings.second].map((label) => dataset.classes[label]);
  return {
    trainingMs,
    claims: claimsOf(all),
    measurements: all.flatMap(measurementsOf),
    curves: all.flatMap((runs) => curvesOf(runs)),
    clouds: [],
    pictures: [
      {
        ...{ group: "", series: "", title: `Blends of held-out images, ${names.join(" to ")}` },
        png: blendsPng(pairs, 4),
      },
      ...all.map((runs) => ({
        ...conditionOf(runs),
        title: `Samples (seed ${seeds[0]})`,
        png: runs.summaries[0].samples,
      })),
    ],
  };
}

const conditionOf = ({ norm, batching }: Runs) => ({ group: norm, series: batching });

/** The pairs to blend. Throws a UserError where the settings do not fit the data. */
function checkedPairs({ name, classes, shape, test }: Dataset, settings: Settings): Pairs {
  const { first, second, batch, pairs } = settings;
  if (shape[0] !== 1) throw new UserError(`dataset=${name}: expected grey images, got ${shape[0]} channels`);
  for (const [setting, label] of Object.entries({ first, second }))
    if (label >= classes.length)
      throw new UserError(`${setting}=${label}: expected a class of ${name}, 0 to ${classes.length - 1}`);
  if (first === second) throw new UserError(`second=${second}: expected another class than the first`);
  if (pairs % batch !== 0) throw new UserError(`pairs=${pairs}: expected a multiple of the batch, ${batch}`);
  const held = Math.min(...[first, second].map((label) => test.labels.filter((l) => l === label).length));
  if (pairs > held) throw new UserError(`pairs=${pairs}: ${name} holds out ${held} pairs of these classes`);
  return pairsOf(test, [first, second], shape, pairs);
}

async function trainOnce(
  dataset: Dataset,
  pairs: Pairs,
  { norm, batching, seed }: { norm: NormName; batching: Batching; seed: number },
  { folder, resume, onProgress, settings }: ExperimentContext<Settings>,
): Promise<Summary> {
  const { shape } = dataset;
  const { first, second, batch: size, decay, rate, steps, scales, width, blocks } = settings;
  const flow = realnvp({ shape, norm, scales, width, blocks });
  const split = ofClasses(dataset.train, [first, second]);
  const epochs = new Epochs(split.labels, { size, batching, seed });
  const imagesOf = (step: number) =>
    dequantized(levelsOf(split, epochs.batch(step)), shape, new Random(1_000_000 * (seed + 1) + step));
  const { state, metrics } = await train(
    {
      procedure: supervised({
        network: flow.loss,
        optimizer: adamax({ rate, weightDecay: decay, epsilon: EPSILON }),
        loss: (value) => value,
      }),
      settings: { ...settings, shuffled: undefined, norm, batching },
      seed,
      steps,
      checkpointEvery: 50,
      batch: (step) => [imagesOf(step)],
    },
    { folder, resume, onProgress },
  );
  await exportRun(folder, flow.loss, state, { input: imagesOf(steps - 1) });
  onProgress("blends and samples");
  return {
    ...(await interpolate(flow, state, pairs, size)),
    steps: metrics.map(({ step }) => step),
    training: metrics.map(({ loss }) => bitsPerDimension(-loss, sizeOf(shape))),
    samples: await samples(flow, state, shape),
  };
}

const QUANTITIES: readonly [string, (summary: Summary) => number][] = [
  ["bits/dim of images", ({ running }) => bitsOfReal(running)],
  ["bits/dim of blends − images", ({ running }) => excess(running)],
  ["bits/dim of blends − images, batch statistics", ({ batch }) => excess(batch)],
  ["images sorted from blends", ({ running }) => running.sorted[HALF]],
  ["images sorted from blends, batch statistics", ({ batch }) => batch.sorted[HALF]],
];

const measurementsOf = (runs: Runs): Measurement[] =>
  QUANTITIES.map(([quantity, of]) => ({
    ...conditionOf(runs),
    quantity,
    ...sampleOf(runs.summaries.map(of)),
  }));

/** Of an experiment's panels those along α show one kind of batch each, with a line for every norm. */
function curvesOf(runs: Runs): Curve[] {
  const { norm, batching, summaries } = runs;
  const along = (quantity: string, of: (summary: Summary) => Course): Curve => ({
    ...{ group: batching, series: norm, quantity, across: "α" },
    steps: ALPHAS,
    values: summaries.map((summary) => of(summary).bits),
  });
  return [
    along("bits/dim of blends", ({ running }) => running),
    along("bits/dim of blends, batch statistics", ({ batch }) => batch),
    {
      ...conditionOf(runs),
      quantity: "bits/dim in training",
      steps: summaries[0].steps,
      values: summaries.map(({ training }) => training),
    },
  ];
}
