import { Random } from "../../base/random.js";
import type { Tensor } from "../../base/tensor.js";
import { sgd } from "../../nn/index.js";
import type { Network } from "../../nn/network.js";
import { normalTensor } from "../normal-tensor.js";
import type { RunOptions } from "../runs.js";
import type { TrainingState } from "../training/procedure.js";
import { supervised } from "../training/supervised.js";
import { train } from "../training/train.js";
import { blockedNetwork, sharedQuadratic } from "./network.js";
import type { Settings } from "./settings.js";
import type { Summary } from "./summary.js";
import type { Variant } from "./variants.js";

/**
 * Trains two linear layers below a norm on the seed's quadratic, with fresh normal inputs in every
 * step.
 */
export async function trainBelowNorm(
  settings: Settings,
  { norm, epsilon }: Variant,
  seed: number,
  options: RunOptions,
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
        normalTensor(new Random(1000 * (seed + 1) + step), [settings.batch, settings.inputs]),
        formula,
      ],
    },
    options,
  );
  const losses = metrics.map(({ loss }) => loss);
  return {
    movement: movementBelow(network, procedure.initial(new Random(seed)), state),
    lossRatio: losses[losses.length - 1] / losses[0],
    losses,
  };
}

/**
 * The formula of a seed, [2, size]: row 0 holds curvatures h, uniform in ½ … 2; row 1 holds targets
 * t, standard normal.
 */
function formulaOf(seed: number, size: number): Tensor {
  const random = new Random(seed + 500_000);
  const values = [
    ...Array.from({ length: size }, () => random.uniform(0.5, 2)),
    ...Array.from({ length: size }, () => random.normal()),
  ];
  return { dtype: "float32", shape: [2, size], data: Float32Array.from(values) };
}

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
