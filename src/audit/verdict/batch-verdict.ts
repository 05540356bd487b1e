import type { AgreementReport, BatchVerdict } from "../report/result.js";

/** The numbers of `measureBatches` that both answers rest on. */
export interface BatchEvidence {
  /** One entry for each norm layer; the agreement is that of the weights below it. */
  readonly layers: readonly {
    readonly name: string;
    readonly agreement: AgreementReport | null;
  }[];
  /**
   * The agreement of all weights together. It is used where no layer has an agreement, and then
   * acquits nothing: large weights hide what happens to small ones.
   */
  readonly network: AgreementReport | null;
  /** The number of random cuts that the spread comes from. */
  readonly cuts: number;
}

/** Both answers, and the numbers that decided them. */
export interface BatchJudgement {
  /**
   * Whether the composition of the batches costs something, against shuffled batches of the same
   * sizes.
   */
  readonly verdict: BatchVerdict;
  /**
   * Whether the norm is to blame: `harmful` where another norm would lose less on the same batches.
   */
  readonly normToBlame: BatchVerdict;
  /** The layer that decided, or `network`; null where nothing was measured. */
  readonly decidedBy: string | null;
  /** The composition effect of `decidedBy`. */
  readonly effect: number | null;
  /** What chance may add to that effect; null where one cut leaves the spread unknown. */
  readonly margin: number | null;
  /** Whether some layer has a large effect that is within its margin. */
  readonly tooFewSamples: boolean;
  /** The lowest agreement of a layer, which decides `normToBlame`; null where none was measured. */
  readonly agreement: number | null;
  /** The layer of that agreement, or `network`. */
  readonly leastAgreeing: string | null;
}

/**
 * The limits of both answers. docs/calibration.md has their evidence, with all mistakes. Above
 * `harmful` most batches cost something. Below `harmless` the few that do cost other norms as much,
 * such as an order of samples that hurts the optimizer. In between, both occur.
 */
export const BATCH_LIMITS = {
  /** Batches are harmful from this composition effect of a layer on. */
  harmful: 0.25,
  /** Batches are harmless below this composition effect of every layer. */
  harmless: 0.08,
  /** Another norm would probably lose less below this agreement of a layer. */
  blamed: 0.4,
  /** Another norm would probably lose as much from this agreement of every layer on. */
  acquitted: 0.7,
} as const;

/**
 * Answers two questions about batches.
 *
 * *Do they cost something, against shuffled batches of their size?* The layer with the largest
 * composition effect decides. An effect counts only where it exceeds its margin: a further random
 * cut would be as far below the mean of the cuts with a probability of 5 %. A large effect within
 * its margin makes the verdict doubtful, and `tooFewSamples` says why.
 *
 * *Is the norm to blame, so that another norm would lose less?* The layer with the lowest agreement
 * decides. The agreement holds the size effect as well: batches of two samples may be shuffled and
 * cost a lot with batch norm alone.
 */
export function judgeBatches({ layers, network, cuts }: BatchEvidence): BatchJudgement {
  const below = layers.flatMap(({ name, agreement }) => (agreement === null ? [] : { name, agreement }));
  const layersKnown = below.length > 0;
  const measured = layersKnown || network === null ? below : [{ name: "network", agreement: network }];
  const effects = measured
    .map(({ name, agreement: { compositionEffect, shuffled } }) => {
      const margin = marginOf(shuffled.sd, cuts);
      return { name, effect: compositionEffect, margin, counts: compositionEffect > margin };
    })
    .sort((a, b) => b.effect - a.effect);
  if (effects.length === 0)
    return {
      ...{ verdict: "unknown", decidedBy: null, effect: null, margin: null, tooFewSamples: false },
      ...{ normToBlame: "unknown", agreement: null, leastAgreeing: null },
    };
  const least = measured.reduce((a, b) => (b.agreement.value < a.agreement.value ? b : a));
  const deciding = effects.find(({ counts }) => counts) ?? effects[0];
  const counted = deciding.counts ? deciding.effect : 0;
  const tooFewSamples = effects.some(
    ({ effect, counts }) => !counts && effect >= BATCH_LIMITS.harmful && counted < BATCH_LIMITS.harmful,
  );
  return {
    verdict: verdictOf(counted, tooFewSamples || !layersKnown),
    decidedBy: deciding.name,
    effect: deciding.effect,
    margin: Number.isFinite(deciding.margin) ? deciding.margin : null,
    tooFewSamples,
    normToBlame: blameOf(least.agreement.value, layersKnown),
    agreement: least.agreement.value,
    leastAgreeing: least.name,
  };
}

function verdictOf(effect: number, inDoubt: boolean): BatchVerdict {
  if (effect >= BATCH_LIMITS.harmful) return "harmful";
  return inDoubt || effect >= BATCH_LIMITS.harmless ? "doubtful" : "harmless";
}

function blameOf(agreement: number, layersKnown: boolean): BatchVerdict {
  if (agreement < BATCH_LIMITS.blamed) return "harmful";
  return layersKnown && agreement >= BATCH_LIMITS.acquitted ? "harmless" : "doubtful";
}

/** 95 % quantiles of Student's t distribution for 1, 2, …, 10 degrees of freedom. */
const QUANTILES = [6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812];

/** How far below the mean of the cuts the agreement of one more random cut may be. */
function marginOf(deviation: number, cuts: number): number {
  if (cuts < 2) return Number.POSITIVE_INFINITY;
  return QUANTILES[Math.min(cuts - 1, QUANTILES.length) - 1] * deviation * Math.sqrt(1 + 1 / cuts);
}
