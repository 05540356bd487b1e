import type { BatchFile } from "../batch-file.js";
import type { OpenedModel } from "../open/opened-model.js";
import type { LossClues, LossEvidence } from "./clues.js";
import type { Loss, LossOptions } from "./loss.js";

/** What a loss is attached to. */
export interface LossContext {
  readonly opened: OpenedModel;
  readonly batch: BatchFile;
  readonly options: LossOptions;
}

/** Everything that blindspot knows about one loss: an entry of the table of losses. */
export interface LossDefinition {
  /** When the loss is inferred; null if it must be asked for. */
  readonly inferred: {
    /** Why the loss was chosen: the description says "chosen because …". */
    readonly reason: string;
    /** The evidence for this loss, and how to recognize it in a model and a batch. */
    readonly from: Partial<Record<LossEvidence, (clues: LossClues) => boolean>>;
  } | null;
  /**
   * Attaches the loss: checks the target and describes the computation.
   *
   * @throws UserError naming batch key, expected and got where labels or targets do not fit.
   */
  attach(context: LossContext): Omit<Loss, "kind" | "reason">;
}
