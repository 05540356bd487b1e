import { sizeOf, type Tensor } from "../../base/tensor.js";
import type { BatchFile } from "../batch-file.js";
import type { OpenedModel } from "../open/opened-model.js";
import type { LossOptions } from "./loss.js";

/** Kinds of evidence for a loss, strongest first. The strongest evidence that is found decides. */
export const evidenceByStrength = [
  /** The output is one number, and the batch has nothing to compare with. */
  "scalar output without target",
  /** The target fits the output as class labels. */
  "target of labels",
  /** The target has the output's shape and is binary. */
  "binary target",
  /** The target has the output's shape. */
  "target",
  /** The key `label` fits the output as class labels, beside a target that does not fit. */
  "labels",
  /** The model's input has the output's shape. */
  "input as target",
  /** The output is one number. */
  "scalar output",
  /** The key `label` exists but does not fit. The chosen loss then explains what it expects. */
  "labels that do not fit",
] as const;

/** A kind of evidence for a loss. */
export type LossEvidence = (typeof evidenceByStrength)[number];

/** The facts about model and batch from which a loss is inferred. */
export interface LossClues {
  /** Shape of the output. */
  readonly shape: readonly number[];
  readonly scalarOutput: boolean;
  /** The activation that ends the model. */
  readonly head: OpenedModel["head"];
  /** Tensor under the key asked for; else under `target`; else under `label`. */
  readonly target: Tensor | undefined;
  /** Whether `target` is the key `label`, although the user did not ask for that key. */
  readonly targetIsLabel: boolean;
  /** Tensor under the key `label`. */
  readonly label: Tensor | undefined;
  /** The tensor that the model's first input takes. */
  readonly input: Tensor | undefined;
}

export function cluesOf(opened: OpenedModel, { tensors }: BatchFile, options: LossOptions): LossClues {
  const { shape } = opened.output.spec;
  const key = options.target ?? (tensors.has("target") ? "target" : "label");
  return {
    shape,
    scalarOutput: sizeOf(shape) === 1,
    head: opened.head,
    target: tensors.get(key),
    targetIsLabel: key === "label" && !options.target,
    label: tensors.get("label"),
    input: options.input,
  };
}
