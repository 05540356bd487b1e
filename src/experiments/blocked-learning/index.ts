import { Random } from "../../base/random.js";
import { sizeOf, type Tensor } from "../../base/tensor.js";
import { type NormName, sgd } from "../../nn/index.js";
import type { Network } from "../../nn/network.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import type { Claim, ClaimResult, Scale } from "../result.js";
import { once } from "../runs.js";
import { positive, type ValuesOf, wholeNumber } from "../settings.js";
import { decide, sampleOf } from "../statistics.js";
import type { TrainingState } from "../training/procedure.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { blockedNetwork, sharedQuadratic } from "./network.js";

const kinds = {
  inputs: wholeNumber(1),
  hidden: wholeNumber(1),
  outputs: wholeNumber(1),
  batch: wholeNumber(2),
  rate: positive,
  steps: wholeNumber(1),
};

type Settings = ValuesOf<typeof kinds>;

const scales: Record<Scale, Settings> = {
  smoke: { inputs: 16, hidden: 32, outputs: 8, batch: 64, rate: 0.05, steps: 300 },
  cpu: { inputs: 32, hidden: 64, outputs: 16, batch: 64, rate: 0.05, steps: 2000 },
  // The paper trains no such network; its images and batches.
  paper: { inputs: 784, hidden: 256, outputs: 64, batch: 64, rate: 0.05, steps: 10_000 },
};

/** What one run comes to. */
interface Summary {
  /** ‖θ − θ₀‖/‖θ₀‖ of all parameters below the norm. */
  readonly movement: number;
  /** The last loss relative to the first. */
  readonly lossRatio: number;
  readonly losses: readonly number[];
}

/** A shared diagonal quadratic right above the norm: docs/theory.md, section 8, item 2. */
export const blockedLearning: Experiment<Settings> = {
  norms: ["bn", "ln", "detached", "none"],
  settings: { kinds, scales },
  run,
};

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const { settings } = context;
  const summaries = new Map<string, Summary[]>();
  let trainingMs = 0;
  for (const variant of variantsOf(context.norms)) {
    const { condition } = variant;
    const done = [];
    for (const seed of context.seeds) {
      const { summary, elapsedMs } = await once(
        context,
        `${condition.replace(/[^\w.-]+/g, "-")}-seed${seed}`,
        { ...settings, ...variant, seed },
        (folder, onProgress) =>
          trainOnce(settings, variant, seed, { folder, onProgress, resume: context.resume }),
      );
      done.push(summary);
      trainingMs += elapsedMs;
    }
    summaries.set(condition, done);
  }
  const measurement = (group: string, quantity: string, values: readonly number[]) => ({
    group,
    series: "",
    quantity,
    ...sampleOf(values),
  });
  return {
    trainingMs,
    claims: claims(summaries),
    measurements: [...summaries].flatMap(([norm, runs]) => [
      measurement(
        norm,
        "movement of the weights below",
        runs.map((r) => r.movement),
      ),
      measurement(
        norm,
        "last loss / first loss",
        runs.map((r) => r.lossRatio),
      ),
    ]),
    curves: [...summaries].map(([condition, runs]) => ({
      group: condition,
      series: "",
      quantity: "loss",
      steps: runs[0].losses.map((_, i) => i + 1),
      values: runs.map((r) => r.losses),
    })),
    clouds: [],
  };
}

interface Variant {
  readonly condition: string;
  readonly norm: NormName;
  readonly epsilon?: number;
}

const SMALL_EPSILON = { condition: "bn, ε/100", norm: "bn", epsilon: 1e-7 } as const;

/** The norms asked for, and after batch norm the same with a hundredth of its ε: what moves less is the leak. */
const variantsOf = (norms: readonly NormName[]): Variant[] =>
  norms.flatMap((norm) => [{ condition: norm, norm }, ...(norm === "bn" ? [SMALL_EPSILON] : [])]);

async function trainOnce(
  settings: Settings,
  { norm, epsilon }: Variant,
  seed: number,
  options: { folder: string; resume: boolean; onProgress: (message: string) => void },
): Promise<Summary> {
  const network = blockedNetwork(settings, norm, { epsilon });
  const optimizer = sgd({ rate: settings.rate });
  const formula = formulaOf(seed, settings.outputs);
  const procedure = supervised({ network, optimizer, loss: sharedQuadratic });
  const { state, metrics } = await train(
    {
      procedure,
      settings: { ...settings, norm, epsilon },
      seed,
      steps: settings.steps,
      checkpointEvery: 100,
      batch: (step) => [
        normal(new Random(1000 * (seed + 1) + step), [settings.batch, settings.inputs]),
        formula,
      ],
    },
    options,
  );
  const losses = metrics.map(({ loss }) => loss);
  return {
    movement: movementBelow(network, procedure.initial(new Random(seed)), state),
    lossRatio: losses.at(-1)! / losses[0],
    losses,
  };
}

/** Curvatures h in ½ … 2 and targets t, standard normal, of a seed's formula. */
function formulaOf(seed: number, size: number): Tensor {
  const random = new Random(seed + 500_000);
  const values = [
    ...Array.from({ length: size }, () => random.uniform(0.5, 2)),
    ...Array.from({ length: size }, () => random.normal()),
  ];
  return { dtype: "float32", shape: [2, size], data: Float32Array.from(values) };
}

const normal = (random: Random, shape: readonly number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
});

/** ‖θ − θ₀‖/‖θ₀‖ over all parameters of the linear layers. */
function movementBelow({ parameters }: Network, before: TrainingState, after: TrainingState): number {
  let [moved, start] = [0, 0];
  for (const [i, { name }] of parameters.entries()) {
    if (name.startsWith("norm.")) continue;
    for (const [k, value] of (before[i].data as Float32Array).entries()) {
      moved += (after[i].data[k] - value) ** 2;
      start += value ** 2;
    }
  }
  return Math.sqrt(moved / start);
}

/** The claims about those norms that were run. */
function claims(summaries: ReadonlyMap<string, readonly Summary[]>): ClaimResult[] {
  const decided: ClaimResult[] = [];
  const claim = (about: Claim, values: readonly number[]) => decided.push(decide(about, values));
  const [bn, none] = [summaries.get("bn"), summaries.get("none")];
  if (bn && none)
    claim(
      {
        id: "bn-blocks",
        statement: "Under batch norm the weights below hardly move.",
        measure: "movement of the weights below under bn / the same without a norm, after equal steps",
        relation: "at most",
        bound: 0.01,
      },
      bn.map((r, i) => r.movement / none[i].movement),
    );
  const small = summaries.get(SMALL_EPSILON.condition);
  if (bn && small)
    claim(
      {
        id: "bn-leaks-by-epsilon",
        statement: "What the weights below do move under batch norm is the ε leak.",
        measure: "movement with ε = 10⁻⁷ / movement with ε = 10⁻⁵",
        relation: "at most",
        bound: 0.1,
      },
      small.map((r, i) => r.movement / bn[i].movement),
    );
  const titles: [NormName, string][] = [
    ["ln", "layer norm"],
    ["detached", "batch norm with detached statistics"],
    ["none", "no norm"],
  ];
  for (const [norm, title] of titles) {
    const runs = summaries.get(norm);
    if (!runs) continue;
    claim(
      {
        id: `${norm}-moves`,
        statement: `With ${title} the gradient reaches the weights below: they move.`,
        measure: "movement of the weights below, relative to their start",
        relation: "at least",
        bound: 0.1,
      },
      runs.map((r) => r.movement),
    );
    claim(
      {
        id: `${norm}-converges`,
        statement: `With ${title} training converges.`,
        measure: "last loss / first loss",
        relation: "at most",
        bound: 0.05,
      },
      runs.map((r) => r.lossRatio),
    );
  }
  return decided;
}
