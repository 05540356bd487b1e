import { UserError } from "../../base/errors.js";
import { showShape } from "../../base/tensor.js";
import { type BatchFile, showKeys } from "../batch-file.js";
import type { OpenedModel } from "../open/opened-model.js";
import { cluesOf, evidenceByStrength } from "./clues.js";
import type { LossContext } from "./definition.js";
import type { Loss, LossOptions } from "./loss.js";
import { type LossKind, lossKinds } from "./names.js";
import { losses } from "./table.js";

/**
 * Attaches a loss to an opened model and a batch.
 *
 * @param kind - Name of the loss; undefined to infer it from the model's output and the batch
 *   file. The description of an inferred loss says why it was chosen.
 * @param opened - The model, from `openModel`.
 * @param batch - The batch file with labels or targets.
 * @param options - Key of the labels or targets, the input of an autoencoder, and why `kind` was chosen.
 * @returns The loss: its traced function, its target to feed, and its description.
 * @throws UserError naming batch key, expected and got where labels or targets do not fit, or where
 *   nothing suggests a loss.
 * @example
 * ```ts
 * import { findNorms, matchInputs, openModel, readModel, resolveLoss } from "blindspot/onnx";
 * import { readTensors } from "blindspot/tensor-files";
 *
 * const model = await readModel("examples/glyphs.onnx");
 * const batch = { file: "examples/mixed.npz", tensors: await readTensors("examples/mixed.npz") };
 * const inputs = matchInputs(model, batch);
 * const opened = openModel(model, findNorms(model), { inputs, precision: "float32" });
 * console.log(resolveLoss(undefined, opened, batch).description);
 * ```
 */
export function resolveLoss(
  kind: LossKind | undefined,
  opened: OpenedModel,
  batch: BatchFile,
  options: LossOptions = {},
): Loss {
  const context = { opened, batch, options };
  const chosen = kind ? { kind, reason: options.reason ?? null } : inferLoss(context);
  const loss = losses[chosen.kind].attach(context);
  if (chosen.reason === null) return { ...chosen, ...loss };
  return { ...chosen, ...loss, description: `${loss.description} (chosen because ${chosen.reason})` };
}

/** The loss with the strongest evidence in model and batch, and the reason to give for it. */
function inferLoss({ opened, batch, options }: LossContext): { kind: LossKind; reason: string } {
  const clues = cluesOf(opened, batch, options);
  for (const evidence of evidenceByStrength)
    for (const kind of lossKinds) {
      const { inferred } = losses[kind];
      if (inferred?.from[evidence]?.(clues)) return { kind, reason: inferred.reason };
    }
  const { model, output } = opened;
  throw new UserError(
    `${model.path}: cannot tell the loss from output "${output.name}" ${showShape(output.spec.shape)} and a batch with ${showKeys(batch.tensors)}; say --loss ${lossKinds.join("|")}`,
  );
}
