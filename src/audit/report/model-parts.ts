import { type Loss, partlyFusedHint } from "../../onnx/index.js";
import type { LoadedModel } from "../load.js";
import type { ReportParts } from "./assemble.js";
import { labelCounts } from "./label-counts.js";
import type { LayerMeasurement } from "./layer.js";
import { batchWarnings } from "./warnings.js";

/** What an audit of a model was made with. */
export interface AuditedModel {
  readonly loaded: LoadedModel;
  readonly loss: Loss;
  /** The value of the loss; null where it is not finite. */
  readonly value: number | null;
  /** Number of samples that were audited. */
  readonly samples: number;
  /** Key of the labels, if it is not `label`. */
  readonly target: string | undefined;
}

/** The key of the class numbers; undefined where `target` names another target. */
export const labelKeyOf = ({ loss, target }: Pick<AuditedModel, "loss" | "target">): string | undefined =>
  loss.kind === "cross-entropy" ? target : undefined;

/** The parts of a report that tell what was audited. */
export function modelParts({
  loaded,
  loss,
  value,
  samples,
  target,
}: AuditedModel): Pick<ReportParts, "source" | "batch" | "loss"> {
  const { model, batch } = loaded;
  return {
    source: { kind: "onnx", file: model.path, sha256: loaded.modelSha256 },
    batch: {
      file: batch.file,
      sha256: loaded.batchSha256,
      size: samples,
      ...labelCounts(batch, labelKeyOf({ loss, target })),
    },
    loss: { kind: loss.kind, reduction: loss.reduction, value, description: loss.description },
  };
}

/** All warnings of an audit of a model. `others` stand between those of the layers and of the loss. */
export function modelWarnings(
  { loaded, loss }: Pick<AuditedModel, "loaded" | "loss">,
  layers: readonly LayerMeasurement[],
  others: { readonly further: readonly string[]; readonly opened: readonly string[] },
): string[] {
  const partlyFused = partlyFusedHint(loaded.model);
  return [
    ...batchWarnings(loaded.batch),
    ...layers.flatMap(({ warnings }) => warnings),
    ...others.further,
    ...(loss.warnings ?? []),
    ...others.opened,
    ...(partlyFused === null ? [] : [partlyFused]),
  ];
}
