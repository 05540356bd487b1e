/**
 * The losses, by the name that the command line takes for `--loss` and that reports hold as
 * `loss.kind`. The command line imports this file at every start, so the names stand apart from the
 * table of losses (table.ts), which loads the engine. The table does not compile while a name lacks
 * its entry.
 */
export const lossKinds = ["cross-entropy", "mse", "bce", "l1", "output"] as const;

/** Name of a loss: one of `lossKinds`. */
export type LossKind = (typeof lossKinds)[number];
