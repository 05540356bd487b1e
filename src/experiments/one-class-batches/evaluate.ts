import type { Dataset, Split } from "../../datasets/index.js";
import { type Features, scatterRatio, silhouette } from "../features/geometry.js";
import { linearProbe } from "../features/linear-probe.js";
import { outputsOf } from "../features/outputs.js";
import { principalPlane } from "../features/principal-plane.js";
import type { TrainingState } from "../training/procedure.js";
import type { Classifier } from "./network.js";

/** How well the penultimate features of a trained network tell the classes apart, on the test images in evaluation. */
export interface Quality {
  /** Accuracy of a linear probe trained on the features of the training images. */
  readonly probe: number;
  /** The same for what enters the norm: free of running statistics and of the units they switch off. */
  readonly probeBelow: number;
  /** Accuracy of the network itself. */
  readonly head: number;
  readonly silhouette: number;
  readonly scatter: number;
}

/** Samples whose distances the silhouette compares, and that a cloud shows. */
const [COMPARED, SHOWN] = [1000, 400];

export interface Evaluator extends AsyncDisposable {
  accuracy(state: TrainingState): Promise<number>;
  judge(state: TrainingState): Promise<{ quality: Quality; points: [number, number][]; labels: number[] }>;
}

export async function evaluator(
  { whole, body, below }: Classifier,
  { shape, classes }: Dataset,
  train: Split,
  test: Split,
): Promise<Evaluator> {
  const outputs = await outputsOf([whole, body, below], shape);
  const head = (logits: Features) =>
    test.labels.filter((label, i) => largest(logits, i) === label).length / test.labels.length;

  return {
    accuracy: async (state) => head((await outputs.of(state, test))[0]!),
    judge: async (state) => {
      const [logits, features, entering] = (await outputs.of(state, test)) as Three;
      const [, trained, trainedBelow] = (await outputs.of(state, train)) as Three;
      const probe = (from: Features, on: Features) =>
        linearProbe(from, train.labels, on, test.labels, classes.length);
      const first = (count: number): Features => ({
        width: features.width,
        data: features.data.subarray(0, count * features.width),
      });
      const labels = (count: number) => Array.from(test.labels.subarray(0, count));
      return {
        quality: {
          probe: await probe(trained, features),
          probeBelow: await probe(trainedBelow, entering),
          head: head(logits),
          silhouette: silhouette(first(COMPARED), labels(COMPARED)),
          scatter: scatterRatio(features, test.labels),
        },
        points: principalPlane(first(SHOWN)).map(([x, y]) => [round(x), round(y)]),
        labels: labels(SHOWN),
      };
    },
    [Symbol.asyncDispose]: () => outputs[Symbol.asyncDispose](),
  };
}

/** Of the logits, of what enters the head, and of what enters the norm. */
type Three = [Features, Features, Features];

/** The class with the largest logit of the i-th image. */
function largest({ data, width }: Features, i: number): number {
  const row = data.subarray(i * width, (i + 1) * width);
  return row.indexOf(Math.max(...row));
}

/** Four digits are enough for a picture. */
const round = (value: number): number => Number(value.toPrecision(4));
