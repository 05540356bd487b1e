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

/** Samples whose distances the silhouette compares, and that a cloud shows. */
const [COMPARED, SHOWN] = [1000, 400];

interface Data {
  readonly train: Split;
  readonly test: Split;
  /** Turns pixels 0…1 into what the network takes. */
  readonly prepare: (images: Traced) => Traced;
}

export interface Evaluator extends AsyncDisposable {
  accuracy(state: TrainingState): Promise<number>;
  judge(state: TrainingState): Promise<Pick<Summary, "quality" | "planes" | "labels">>;
}

export async function evaluator(
  { whole, below }: Judged,
  { shape, classes }: Dataset,
  { train, test, prepare }: Data,
): Promise<Evaluator> {
  const outputs = await outputsOf([whole, whole.features, below], shape, prepare);
  const head = (logits: Features) =>
    test.labels.filter((label, i) => largest(logits, i) === label).length / test.labels.length;

  return {
    accuracy: async (state) => head((await outputs.of(state, test))[0]),
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

/** Of the logits, of what enters the head, and of what enters the norm. */
type Three = [Features, Features, Features];

/** The class with the largest logit of the i-th image. */
function largest({ data, width }: Features, i: number): number {
  const row = data.subarray(i * width, (i + 1) * width);
  return row.indexOf(Math.max(...row));
}

/** Four digits are enough for a picture. */
const rounded = (points: readonly [number, number][]) =>
  points.map((point) => point.map((value) => Number(value.toPrecision(4))) as [number, number]);
