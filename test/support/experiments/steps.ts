import { Random } from "../../../src/base/random.js";
import type { Tensor } from "../../../src/base/tensor.js";
import { initialState } from "../../../src/experiments/training/learner.js";
import { Stepper } from "../../../src/experiments/training/stepper.js";
import { supervised } from "../../../src/experiments/training/supervised.js";
import { type ClassifierName, classifiers, crossEntropy, sgd } from "../../../src/nn/index.js";

/** A short training run that PyTorch repeats from the same weights on the same batches. */
export interface Steps {
  readonly network: ClassifierName;
  readonly width: number;
  readonly batch: number;
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Numbers of the steps whose losses are compared. */
  readonly compared: readonly number[];
}

/** The batch of each step. */
export type Batches = (step: number) => { readonly images: Tensor; readonly labels: Tensor };

/**
 * Batches of noise around one picture for each of ten classes. Every machine gets the same numbers.
 */
export function pictures(batch: number): Batches {
  const pixels = 3 * 32 * 32;
  const drawn = new Random(77);
  const means = Array.from({ length: 10 }, () => Float32Array.from({ length: pixels }, () => drawn.normal()));
  return (step) => {
    const random = new Random(1000 + step);
    const labels = Int32Array.from({ length: batch }, () => random.below(10));
    const data = Float32Array.from(
      { length: batch * pixels },
      (_, i) => 0.5 * means[labels[Math.floor(i / pixels)]][i % pixels] + random.normal(),
    );
    return {
      images: { dtype: "float32", shape: [batch, 3, 32, 32], data },
      labels: { dtype: "int32", shape: [batch], data: labels },
    };
  };
}

/** The network, optimizer and loss. */
export const objectiveOf = ({ network, width, rate, momentum, weightDecay }: Steps) => ({
  network: classifiers[network]({ norm: "bn", width }),
  optimizer: sgd({ rate, momentum, weightDecay }),
  loss: crossEntropy,
});

/** The initial state, which PyTorch also starts from. */
export const startOf = (steps: Steps) => initialState(objectiveOf(steps), new Random(5));

/** The losses of the compared steps. */
export async function lossesOf(steps: Steps, batches: Batches): Promise<number[]> {
  const batchOf = (step: number) => [batches(step).images, batches(step).labels];
  await using stepper = await Stepper.compile(supervised(objectiveOf(steps)), startOf(steps), batchOf(1));
  const losses: number[] = [];
  for (let step = 1; step <= Math.max(...steps.compared); step++) {
    const { losses: of } = await stepper.step(step, batchOf(step));
    if (steps.compared.includes(step)) losses.push(of.loss);
  }
  return losses;
}
