import { UserError } from "../../base/errors.js";
import type { Thresholds } from "../report/result.js";

/**
 * The limits of the verdicts. A layer is `blind` if what the weights below it lose is at least
 * `removed` above its chance level (`weights.overChance`, or `weights.removed` where chance is not
 * known), or if the blocked share is at least `blocked` and at least `timesChance` times the chance
 * level. A layer that is not blind is `dim` by the same rule with the limits of `dim`.
 */
export const DEFAULT_THRESHOLDS: Thresholds = {
  blind: { removed: 0.9, blocked: 0.5, timesChance: 10 },
  dim: { removed: 0.7, blocked: 0.1, timesChance: 3 },
};

/**
 * Reads the limits of the verdicts from a list such as `blind.removed=0.95,dim.blocked=0.2`. Limits
 * that the list does not name keep their defaults (`DEFAULT_THRESHOLDS`).
 * @param list - Entries `(blind|dim).(removed|blocked|timesChance)=number`, separated by commas;
 * undefined for the defaults.
 * @returns The thresholds, for the option `thresholds` of `auditModel` and `auditTrace`.
 * @throws UserError if an entry has another form or a negative number.
 * @example
 * ```ts
 * import { auditModel, parseThresholds } from "blindspot";
 *
 * const thresholds = parseThresholds("blind.removed=0.95");
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz", thresholds });
 * console.log(report.summary.blind);
 * ```
 */
export function parseThresholds(list: string | undefined): Thresholds {
  const thresholds = structuredClone(DEFAULT_THRESHOLDS);
  for (const item of list?.split(",") ?? []) {
    const [, verdict, limit, text] =
      /^\s*(blind|dim)\.(removed|blocked|timesChance)\s*=\s*(\S+)\s*$/.exec(item) ?? [];
    const value = Number(text);
    if (verdict === undefined || !Number.isFinite(value) || value < 0)
      throw new UserError(
        `--thresholds: expected (blind|dim).(removed|blocked|timesChance)=number, got \`${item.trim()}\``,
      );
    thresholds[verdict as keyof Thresholds][limit as keyof Thresholds["blind"]] = value;
  }
  return thresholds;
}
