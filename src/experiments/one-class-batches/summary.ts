import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import type { Projection } from "../result.js";
import type { Series } from "../training/metrics.js";

/** How well the penultimate features of a trained network tell the classes apart, on the test images in evaluation. */
export interface Quality {
  /** Accuracy of a linear probe trained on the features of the training images. */
  readonly probe: number;
  /** The same for what enters the last norm: free of running statistics and of the units they switch off. */
  readonly probeBelow: number;
  /** Accuracy of the network itself. */
  readonly head: number;
  readonly silhouette: number;
  readonly scatter: number;
}

/** What one run comes to. */
export interface Summary {
  readonly quality: Quality;
  readonly loss: Series;
  /** On the test set, with its own head. */
  readonly accuracy: Series;
  /** Of the gradient energy at the last norm, and of the gradient of the weights below; empty where nothing is blocked. */
  readonly blocked: Series;
  readonly removed: Series;
  /** Test features in planes. */
  readonly planes: Readonly<Record<Projection, readonly (readonly [number, number])[]>>;
  readonly labels: readonly number[];
}

/** The runs of a norm with one kind of batch, one for every seed. */
export interface Runs {
  readonly norm: NormName;
  readonly batching: Batching;
  readonly summaries: readonly Summary[];
}
