import { UserError } from "../../base/errors.js";
import type { Thresholds } from "../report/result.js";

/** A layer is `blind` or `dim` when the weights below lose this share of their gradient (`removed`), or when
 *  this energy share is `blocked` and stands this many times above chance. */
export const DEFAULT_THRESHOLDS: Thresholds = {
  blind: { removed: 0.9, blocked: 0.5, timesChance: 10 },
  dim: { removed: 0.6, blocked: 0.1, timesChance: 3 },
};

/** The default thresholds with the changes of a list such as `blind.removed=0.95,dim.blocked=0.2`. */
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
