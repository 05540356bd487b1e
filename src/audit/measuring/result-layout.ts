import { isSummedInGraph } from "../../measure/group-sums.js";
import type { OpenedModel } from "../../onnx/index.js";

/**
 * The positions of one layer's numbers in the list of results that the measuring program returns.
 */
export interface LayerResults {
  readonly features: FeaturePositions;
  /** σ, one value per group. */
  readonly sigma: number;
  /** ‖∂L/∂x by autodiff − ∂L/∂x by the closed form‖², estimated where the features are summed. */
  readonly identityError: number;
  /** ‖∂L/∂γ‖² and ‖∂L/∂β‖²; null where the layer has no such parameter. */
  readonly gamma: number | null;
  readonly beta: number | null;
  /**
   * `gram`: inner products of ΔW_actual, ΔW_diag and, where a mean is subtracted, ΔW_first with
   * each other. `chance`: what noise in place of G would do to them, the result of `removedChance`;
   * null for a frozen layer, which removes nothing. null where no linear op feeds the layer.
   */
  readonly weights: { readonly name: string; readonly gram: number; readonly chance: number | null } | null;
}

/** y and G = ∂L/∂y in full, in the shape of the layer's input, or their sums per channel. */
export type FeaturePositions = { readonly y: number; readonly cotangent: number } | { readonly sums: number };

export interface ResultLayout {
  /** Position of the loss. */
  readonly loss: number;
  /** In the order of `OpenedModel.layers`. */
  readonly layers: readonly LayerResults[];
  /** Positions of the gradients of stored weights, by name. */
  readonly gradients: ReadonlyMap<string, number>;
  /** Number of results. */
  readonly count: number;
}

export interface LayoutOptions {
  /** Return y and G of every layer in full. By default large layers return sums. */
  readonly full?: boolean;
  /** Names of the stored weights whose gradients are returned too. Default none. */
  readonly gradients?: readonly string[];
}

/**
 * The position of every result of the measuring program. It follows from the opened model alone, so
 * it is known without tracing the program, also where a cache supplies the program.
 */
export function resultLayout(
  { layers, precision }: Pick<OpenedModel, "layers" | "precision">,
  { full = false, gradients = [] }: LayoutOptions = {},
): ResultLayout {
  let count = 0;
  const next = () => count++;
  const positions = {
    loss: next(),
    layers: layers.map((layer) => ({
      features:
        !full && isSummedInGraph(layer, precision) ? { sums: next() } : { y: next(), cotangent: next() },
      sigma: next(),
      identityError: next(),
      gamma: layer.affine.scale && next(),
      beta: layer.affine.bias && next(),
      weights: layer.linearOp && {
        name: layer.linearOp.weight,
        gram: next(),
        chance: layer.norm.frozen ? null : next(),
      },
    })),
    gradients: new Map(gradients.map((name) => [name, next()])),
  };
  return { ...positions, count };
}
