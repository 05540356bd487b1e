import { deviationOf, meanOf } from "../../base/statistics.js";
import type { Agreement } from "../../theory/index.js";
import type { AgreementReport } from "../report/result.js";

/** Mean and standard deviation of some numbers; the deviation of a single number is 0. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

export const spreadOf = (values: readonly number[]): Spread => ({
  mean: meanOf(values),
  sd: deviationOf(values) ?? 0,
});

/**
 * The numbers of an agreement from that of your batches and those of the random cuts; null where
 * one side has no angle. The size effect is null where the cuts were not compared with one large
 * batch.
 */
export function compared(
  own: Agreement | null,
  cuts: readonly (Agreement | null)[],
  { sizeIsKnown }: { readonly sizeIsKnown: boolean } = { sizeIsKnown: true },
): AgreementReport | null {
  const values = cuts.flatMap((cut) => cut?.agreement ?? []);
  if (own === null || values.length === 0) return null;
  const shuffled = spreadOf(values);
  return {
    value: own.agreement,
    gain: own.gain,
    shuffled,
    sizeEffect: sizeIsKnown ? 1 - shuffled.mean : null,
    compositionEffect: shuffled.mean - own.agreement,
  };
}
