import { Random } from "../../base/random.js";
import type { Tensor } from "../../base/tensor.js";
import { adam, crossEntropy, network } from "../../nn/index.js";
import { linear } from "../../nn/layers.js";
import { Stepper } from "../training/stepper.js";
import { supervised } from "../training/supervised.js";
import type { Features } from "./geometry.js";

const STEPS = 200;

/** Features of samples with their class numbers. */
interface LabelledFeatures {
  readonly features: Features;
  readonly labels: ArrayLike<number>;
}

interface ProbeData {
  readonly train: LabelledFeatures;
  readonly test: LabelledFeatures;
  /** Number of classes. */
  readonly classes: number;
}

/**
 * The accuracy of a linear classifier of the features on the test samples. The classifier is a
 * softmax regression: 200 steps of Adam (rate 0.05, weight decay 10⁻⁴) on all training samples at
 * once. Each feature is standardized over the training samples, so a fixed scale and shift of a
 * feature, such as running statistics, do not matter.
 */
export async function linearProbe({ train, test, classes }: ProbeData): Promise<number> {
  const standardize = standardization(train.features);
  const x = standardize(train.features);
  const labels: Tensor = {
    dtype: "int32",
    shape: [train.labels.length],
    data: Int32Array.from(train.labels),
  };
  const procedure = supervised({
    network: network((registry) =>
      linear(registry, "probe", { inputs: train.features.width, outputs: classes }),
    ),
    optimizer: adam({ rate: 0.05, weightDecay: 1e-4 }),
    loss: crossEntropy,
  });
  await using stepper = await Stepper.compile(procedure, procedure.initial(new Random(0)), [x, labels]);
  for (let step = 1; step <= STEPS; step++) await stepper.step(step, [x, labels]);
  const [weight, bias] = stepper.state as [Tensor, Tensor];
  return accuracyOf({ weight, bias }, standardize(test.features), test.labels);
}

/**
 * Standardizes features by their mean and deviation over the given samples. Constant features
 * become 0.
 */
function standardization({ data, width }: Features): (features: Features) => Tensor {
  const count = data.length / width;
  const mean = new Float64Array(width);
  const variance = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i] / count;
  for (let i = 0; i < data.length; i++) variance[i % width] += (data[i] - mean[i % width]) ** 2 / count;
  return ({ data }) => ({
    dtype: "float32",
    shape: [data.length / width, width],
    data: data.map((value, i) => {
      const d = i % width;
      return variance[d] > 0 ? (value - mean[d]) / Math.sqrt(variance[d]) : 0;
    }),
  });
}

/** The share of samples whose largest logit belongs to their class. */
function accuracyOf(
  { weight, bias }: { readonly weight: Tensor; readonly bias: Tensor },
  x: Tensor,
  labels: ArrayLike<number>,
): number {
  const [classes, width] = weight.shape as [number, number];
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    let [best, largest] = [0, Number.NEGATIVE_INFINITY];
    for (let k = 0; k < classes; k++) {
      let score = bias.data[k];
      for (let d = 0; d < width; d++) score += weight.data[k * width + d] * x.data[i * width + d];
      if (score > largest) [best, largest] = [k, score];
    }
    if (best === labels[i]) right++;
  }
  return right / labels.length;
}
