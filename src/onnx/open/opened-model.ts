import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { StructuredLinearOp } from "../../measure/linear-op.js";
import type { GroupLayout } from "../../theory/layout.js";
import type { Head } from "../head.js";
import type { OnnxModel } from "../model.js";
import type { GroupStatistics } from "../norms/normalize.js";
import type { NormLayer } from "../norms/spec.js";

/** A floating-point tensor stored in the model file. It is an input of the opened function. */
export interface StoredWeight {
  readonly name: string;
  readonly spec: TensorSpec;
  /** Reads the elements, in the precision of the opened model. */
  load(): Tensor;
}

/** A normalization layer with the shapes that it has for this batch. */
export interface OpenedLayer {
  readonly norm: NormLayer;
  /** Shape of x and of y. */
  readonly inputShape: readonly number[];
  readonly layout: GroupLayout;
  /** Number of samples in x. They follow each other in memory, whatever the first axis is. */
  readonly samples: number;
  /** What one group of the layout stands for. */
  readonly groupedBy: "channel" | "sample" | "group";
  /** Whether the normalization subtracts a mean. */
  readonly centred: boolean;
  /** What the file multiplies the biased variance with: 1, or n/(n − 1). */
  readonly varianceFactor: number;
  /** Shapes of γ and β; null where the layer has no such parameter. */
  readonly affine: { readonly scale: readonly number[] | null; readonly bias: readonly number[] | null };
  /**
   * The linear op that feeds the layer: the name of its weight as the user knows it, and the names
   * of the stored weights that it is computed from. null where another op feeds the layer.
   */
  readonly linearOp: { readonly weight: string; readonly stored: readonly string[] } | null;
}

/**
 * Functions that tracing calls once per layer, in execution order. Each may return another value,
 * such as one with a tap added. Only the edge named here sees the returned value; other readers of
 * the original value do not.
 */
export interface Hooks {
  /** x entering the standardization. */
  input(layer: number, x: Traced): Traced;
  /** μ and σ of the batch. Return others to standardize with those, or null to keep these. */
  statistics(layer: number, own: GroupStatistics): GroupStatistics | null;
  /** y, the output of the standardization, in the shape of x; σ broadcasts against it. */
  standardized(layer: number, y: Traced, sigma: Traced): Traced;
  /** γ and β on this edge. Not called for a layer without affine parameters. */
  scale(layer: number, gamma: Traced): Traced;
  bias(layer: number, beta: Traced): Traced;
  /** z = γ·y + β, as the rest of the model reads it; `affine` maps any y to its z. */
  output(layer: number, z: Traced, affine: (y: Traced) => Traced): Traced;
}

/** The results of one traced pass through a model. */
export interface ForwardPass {
  /**
   * The output that the loss reads, and under `head.key` that output without its last activation.
   */
  readonly outputs: ReadonlyMap<string, Traced>;
  /** The linear op below each layer, in the order of `OpenedModel.layers`. */
  readonly linearOps: readonly (StructuredLinearOp | null)[];
}

/** A model as a traced function in which every normalization is split into its two phases. */
export interface OpenedModel {
  readonly model: OnnxModel;
  readonly precision: "float32" | "float64";
  /**
   * Inputs of the graph that the results depend on, in the order in which the function takes them.
   */
  readonly inputs: readonly { readonly name: string; readonly spec: TensorSpec }[];
  readonly params: readonly StoredWeight[];
  readonly layers: readonly OpenedLayer[];
  /** Names of the stored weights of all linear ops and embeddings. */
  readonly networkWeights: readonly string[];
  readonly output: { readonly name: string; readonly spec: TensorSpec };
  /** The activation that ends the model, and the key of its input in `ForwardPass.outputs`. */
  readonly head: { readonly activation: Head["activation"]; readonly key: string } | null;
  /** Differences between the file and how it is run here. */
  readonly warnings: readonly string[];
  /** Traces the model. Takes `params` in the order of `this.params`. */
  forward(
    params: readonly Traced[],
    inputs: ReadonlyMap<string, Traced>,
    hooks?: Partial<Hooks>,
  ): ForwardPass;
}
