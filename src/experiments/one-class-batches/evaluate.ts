import { batchOf, type Dataset, type Split } from "../../datasets/index.js";
import { compile, type Traced } from "../../engine/index.js";
import { argmax } from "../../engine/lang/index.js";
import { type Features, scatterRatio, silhouette } from "../features/geometry.js";
import { linearProbe } from "../features/linear-probe.js";
import { principalPlane } from "../features/principal-plane.js";
import { splitState } from "../training/learner.js";
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

/** Images that go through the network at once. */
const CHUNK = 500;

/** Samples whose distances the silhouette compares, and that a cloud shows. */
const [COMPARED, SHOWN] = [1000, 400];

interface Outputs {
  readonly predicted: Int32Array;
  readonly features: Features;
  /** What enters the norm. */
  readonly entering: Features;
}

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
  const used = [...whole.parameters, ...whole.buffers].map(
    ({ shape }) => ({ shape, dtype: "float32" }) as const,
  );
  const images = { shape: [CHUNK, ...shape], dtype: "float32" } as const;
  const program = await compile(
    (...args) => {
      const { parameters, buffers } = splitState(whole, args.slice(0, used.length));
      const x = args.at(-1)!;
      const [logits, features, entering] = [whole, body, below].map((network) =>
        network.evaluate(parameters, buffers, x),
      ) as [Traced, Traced, Traced];
      return [argmax(logits, 1), features, entering];
    },
    [...used, images],
  );

  /** What every image comes to; the last chunk is filled up with its first image and cut. */
  async function pass(state: TrainingState, { images, labels }: Split): Promise<Outputs> {
    const count = labels.length;
    const predicted = new Int32Array(count);
    const collect = (output: number): Features => {
      const width = program.outputs[output]!.shape[1]!;
      return { width, data: new Float32Array(count * width) };
    };
    const [features, entering] = [collect(1), collect(2)];
    for (let start = 0; start < count; start += CHUNK) {
      const indices = Array.from({ length: CHUNK }, (_, i) => (start + i < count ? start + i : start));
      const x = batchOf({ images, labels }, shape, indices).images;
      const [classes, ...values] = await program.run([...state.slice(0, used.length), x]);
      const kept = Math.min(CHUNK, count - start);
      predicted.set((classes!.data as Int32Array).subarray(0, kept), start);
      for (const [i, { data, width }] of [features, entering].entries())
        data.set((values[i]!.data as Float32Array).subarray(0, kept * width), start * width);
    }
    return { predicted, features, entering };
  }

  const head = ({ predicted }: Outputs) =>
    predicted.filter((label, i) => label === test.labels[i]).length / predicted.length;

  return {
    accuracy: async (state) => head(await pass(state, test)),
    judge: async (state) => {
      const tested = await pass(state, test);
      const trained = await pass(state, train);
      const probe = (of: "features" | "entering") =>
        linearProbe(trained[of], train.labels, tested[of], test.labels, classes.length);
      const first = (count: number): Features => ({
        ...tested.features,
        data: tested.features.data.subarray(0, count * tested.features.width),
      });
      const labels = (count: number) => Array.from(test.labels.subarray(0, count));
      return {
        quality: {
          probe: await probe("features"),
          probeBelow: await probe("entering"),
          head: head(tested),
          silhouette: silhouette(first(COMPARED), labels(COMPARED)),
          scatter: scatterRatio(tested.features, test.labels),
        },
        points: principalPlane(first(SHOWN)).map(([x, y]) => [round(x), round(y)]),
        labels: labels(SHOWN),
      };
    },
    [Symbol.asyncDispose]: () => program.dispose(),
  };
}

/** Four digits are enough for a picture. */
const round = (value: number): number => Number(value.toPrecision(4));
