import type { AgreementReport, LayerReport } from "./report/result.js";

/**
 * Paths to the numbers of a layer, such as `shares.blocked`. Because `fields` is keyed by this
 * type, a new number in the schema does not compile until it is listed there.
 */
type NumericPath<T, Prefix extends string = ""> = {
  [K in keyof T & string]: NonNullable<T[K]> extends number
    ? `${Prefix}${K}`
    : NonNullable<T[K]> extends readonly unknown[] | string
      ? never
      : NumericPath<NonNullable<T[K]>, `${Prefix}${K}.`>;
}[keyof T & string];

/**
 * The fields that a condition can name. Order matters: a bare name such as `first` means the first
 * path that ends with it. Taylor terms are left out.
 */
export const fields: Record<
  NumericPath<Omit<LayerReport, "taylor">>,
  (layer: LayerReport) => number | null | undefined
> = {
  "shares.blocked": ({ shares }) => shares.blocked,
  "shares.first": ({ shares }) => shares.first,
  "shares.diag": ({ shares }) => shares.diag,
  "shares.chance": ({ shares }) => shares.chance,
  "weights.removed": ({ weights }) => weights?.removed,
  "weights.kept": ({ weights }) => weights?.kept,
  "weights.cosine": ({ weights }) => weights?.cosine,
  "weights.open": ({ weights }) => weights?.open,
  "weights.first": ({ weights }) => weights?.first,
  "weights.diag": ({ weights }) => weights?.diag,
  "weights.chance": ({ weights }) => weights?.chance,
  "weights.chanceSd": ({ weights }) => weights?.chanceSd,
  "weights.overChance": ({ weights }) => weights?.overChance,
  "energy.total": ({ energy }) => energy.total,
  "energy.passed": ({ energy }) => energy.passed,
  "energy.first": ({ energy }) => energy.first,
  "energy.diag": ({ energy }) => energy.diag,
  "leak.mean": ({ leak }) => leak?.mean,
  "leak.max": ({ leak }) => leak?.max,
  "affine.gradGamma": ({ affine }) => affine?.gradGamma,
  "affine.gradBeta": ({ affine }) => affine?.gradBeta,
  "agreement.compositionEffect": ({ agreement }) => agreement?.compositionEffect,
  "agreement.sizeEffect": ({ agreement }) => agreement?.sizeEffect,
  "agreement.value": ({ agreement }) => agreement?.value,
  "agreement.gain": ({ agreement }) => agreement?.gain,
  "agreement.shuffled.mean": ({ agreement }) => agreement?.shuffled.mean,
  "agreement.shuffled.sd": ({ agreement }) => agreement?.shuffled.sd,
  "batches.blocked.mean": ({ batches }) => batches?.blocked.mean,
  "batches.blocked.sd": ({ batches }) => batches?.blocked.sd,
  "batches.removed.mean": ({ batches }) => batches?.removed?.mean,
  "batches.removed.sd": ({ batches }) => batches?.removed?.sd,
  identityResidual: ({ identityResidual }) => identityResidual,
  elements: ({ elements }) => elements,
  epsilon: ({ epsilon }) => epsilon,
  channelCount: ({ channelCount }) => channelCount,
};

/** The fields of the agreement of the whole network that a condition can name after `network.`. */
export const networkFields: Record<
  NumericPath<AgreementReport>,
  (network: AgreementReport) => number | null
> = {
  compositionEffect: ({ compositionEffect }) => compositionEffect,
  sizeEffect: ({ sizeEffect }) => sizeEffect,
  value: ({ value }) => value,
  gain: ({ gain }) => gain,
  "shuffled.mean": ({ shuffled }) => shuffled.mean,
  "shuffled.sd": ({ shuffled }) => shuffled.sd,
};

/** Short names of fields. */
export const aliases: Readonly<Record<string, string>> = {
  agreement: "agreement.value",
  "network.agreement": "network.value",
};
