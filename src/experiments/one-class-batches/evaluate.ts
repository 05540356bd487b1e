import type { Dataset, Split } from "../../datasets/index.js";
import type { Traced } from "../../engine/lang/index.js";
import { type Features, scatterRatio, silhouette } from "../features/geometry.js";
import { linearProbe } from "../features/linear-probe.js";
import { outputsOf } from "../features/outputs.js";
import { principalPlane } from "../features/principal-plane.js";
import { tsnePlane } from "../features/tsne.js";
import type { TrainingState } from "../training/procedure.js";
import type { Judged } from "./network.js";
import type { Summary } from "./summary.js";

/** Test images whose distances the silhouette compares. */
const COMPARED = 1000;
/** Test images that a cloud shows. */
const SHOWN = 400;

interface Data {
  readonly train: Split;
  readonly test: Split;
  /** Turns pixels 0…1 into the inputs of the network. */
  readonly prepare: (images: Traced) => Traced;
}

/** Evaluates a classifier as it is trained. */
export interface Evaluator extends AsyncDisposable {
  /** Share of the test images that the network classifies right. */
  accuracy(state: TrainingState): Promise<number>;
  /** Evaluates the features. */
  judge(state: TrainingState): Promise<Pick<Summary, "quality" | "planes" | "labels">>;
}

/**
 * Compiles the network in evaluation mode: its logits, its features and the inputs of its last
 * norm.
 */
export async function evaluator(
  { whole, below }: Judged,
  { shape, classes }: Dataset,
  { train, test, prepare }: Data,
): Promise<Evaluator> {
  const outputs = await outputsOf([whole, whole.features, below], shape, prepare);
  const accuracyOf = (logits: Features) =>
    test.labels.filter((label, i) => largest(logits, i) === label).length / test.labels.length;

  return {
    accuracy: async (state) => accuracyOf((await outputs.of(state, test))[0]),
    judge: async (state) => {
      const [logits, features, entering] = (await outputs.of(state, test)) as NetworkOutputs;
      const [, trainFeatures, trainEntering] = (await outputs.of(state, train)) as NetworkOutputs;
      const probe = (onTrain: Features, onTest: Features) =>
        linearProbe({
          train: { features: onTrain, labels: train.labels },
          test: { features: onTest, labels: test.labels },
          classes: classes.length,
        });
      const first = (count: number): Features => ({
        width: features.width,
        data: features.data.subarray(0, count * features.width),
      });
      const labels = (count: number) => Array.from(test.labels.subarray(0, count));
      return {
        quality: {
          probe: await probe(trainFeatures, features),
          probeBelow: await probe(trainEntering, entering),
          head: accuracyOf(logits),
          silhouette: silhouette(first(COMPARED), labels(COMPARED)),
          scatter: scatterRatio(features, test.labels),
        },
        planes: {
          "principal components": rounded(principalPlane(first(SHOWN))),
          "t-SNE": rounded(await tsnePlane(first(SHOWN))),
        },
        labels: labels(SHOWN),
      };
    },
    [Symbol.asyncDispose]: () => outputs[Symbol.asyncDispose](),
  };
}

type NetworkOutputs = [logits: Features, features: Features, enteringNorm: Features];

/** The class with the largest logit for the i-th image. */
function largest({ data, width }: Features, i: number): number {
  const row = data.subarray(i * width, (i + 1) * width);
  return row.indexOf(Math.max(...row));
}

/** Rounds coordinates to four digits, which are enough for a picture. */
const rounded = (points: readonly [number, number][]) =>
  points.map((point) => point.map((value) => Number(value.toPrecision(4))) as [number, number]);
