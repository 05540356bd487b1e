import type { AgreementReport } from "../../audit/report/result.js";
import { type BatchJudgement, judgeBatches } from "../../audit/verdict/batch-verdict.js";
import { meanOf } from "../../base/statistics.js";
import { type Composition, compositionName, isShuffled } from "./compositions.js";
import { type FamilyName, rulemaking } from "./family-names.js";
import type { MeasuredBatches } from "./measure-agreement.js";
import type { Summary } from "./runs-of-family.js";
import type { Unit } from "./task.js";

/** The runs of one composition: with batch norm and another norm, and of its references. */
export interface ComparedRuns {
  readonly family: FamilyName;
  readonly unit: Unit;
  readonly composition: Composition;
  /** Each in the order of the seeds. */
  readonly bn: readonly Summary[];
  readonly other: readonly Summary[];
  /** On shuffled batches of the same images: of the same size, or of the usual size. */
  readonly bnShuffled: readonly Summary[];
  readonly otherShuffled: readonly Summary[];
}

/** What is known of an outcome: `unclear` between the bounds, or where seeds contradict. */
export type Outcome = "costly" | "harmless" | "unclear";

/** The names of the moments, in the order in which they are measured. */
export const moments = ["start", "later"] as const;
export type Moment = (typeof moments)[number];

/** One composition of one family: what it cost, and what was measured before. */
export interface Setting {
  readonly family: FamilyName;
  readonly composition: string;
  /** Whether its batches are shuffled. Such settings are no evidence for the first question. */
  readonly reference: boolean;
  readonly size: number;
  /** Whether the rule was fixed on its family. */
  readonly rulemaking: boolean;
  /**
   * Costs of each seed, in units of the bound of clear harm: 5 points of accuracy, 10 percent of a
   * squared error, or 0.1 bits per dimension.
   */
  readonly batchCosts: readonly number[];
  readonly normCosts: readonly number[];
  /** Do the batches cost something? */
  readonly batches: Outcome;
  /** Does batch norm cost more than the other norm? */
  readonly norm: Outcome;
  /** The measurements of each seed, as predictors. */
  readonly predictors: Readonly<Record<Moment, readonly Predictors[]>>;
  readonly judgements: Readonly<Record<Moment, readonly BatchJudgement[]>>;
}

/** The bound of clear harm in each unit. */
const BOUND: Readonly<Record<Unit, number>> = { points: 0.05, percent: 0.1, bits: 0.1 };
/** Below this part of the bound, a cost is clearly harmless: 3 of 5 points, 6 of 10 percent. */
const HARMLESS = 0.6;

/** The numbers that may foretell a cost. Larger ones should cost more. */
export const predictorNames = [
  "composition effect, worst layer",
  "composition effect, network",
  "1 - agreement, worst layer",
  "1 - agreement, network",
  "size effect, worst layer",
  "size effect, network",
  "|log gain|, worst layer",
  "|log gain|, network",
  "composition effect where evaluation is no easier",
  "log(whole loss / mean loss)",
  "blocked share, largest",
  "removed, largest",
  "removed - chance, largest",
] as const;
export type Predictors = Readonly<Record<(typeof predictorNames)[number], number>>;

/** Evaluation counts as easier below this log(whole loss / mean loss). */
const EASIER = -0.03;

/** The setting that compared runs make. */
export function settingOf(runs: ComparedRuns, cuts: number): Setting {
  const { family, unit, composition, bn, other, bnShuffled, otherShuffled } = runs;
  const costs = (own: readonly Summary[], reference: readonly Summary[]) =>
    own.map(({ error }, i) => costOf(unit, error, reference[i].error));
  const batchCosts = costs(bn, bnShuffled);
  const otherCosts = costs(other, otherShuffled);
  const normCosts = batchCosts.map((cost, i) => cost - otherCosts[i]);
  const at = <T>(of: (measured: MeasuredBatches) => T) =>
    Object.fromEntries(
      moments.map((moment, m) => [moment, bn.map(({ measured }) => of(measured[m]))]),
    ) as unknown as Record<Moment, T[]>;
  return {
    family,
    composition: compositionName(composition),
    reference: isShuffled(composition),
    size: composition.size,
    rulemaking: rulemaking.includes(family),
    ...{ batchCosts, normCosts, batches: outcomeOf(batchCosts), norm: outcomeOf(normCosts) },
    predictors: at(predictorsOf),
    judgements: at((measured) => judgeBatches({ ...measured, cuts })),
  };
}

/** What `error` costs beyond that of the reference, in units of the bound of clear harm. */
function costOf(unit: Unit, error: number, reference: number): number {
  const excess = unit === "percent" ? error / reference - 1 : error - reference;
  return excess / BOUND[unit];
}

function outcomeOf(costs: readonly number[]): Outcome {
  if (costs.every((cost) => cost > 1)) return "costly";
  return costs.every((cost) => cost < HARMLESS) ? "harmless" : "unclear";
}

/** The predictors of one measurement. A layer without an angle counts as agreeing. */
function predictorsOf({ network, layers, meanLoss, wholeLoss }: MeasuredBatches): Predictors {
  const below = layers.flatMap(({ agreement }) => agreement ?? []);
  const worst = below.length > 0 ? below : network === null ? [] : [network];
  const largest = (of: (agreement: AgreementReport) => number) => Math.max(0, ...worst.map(of));
  const gap = meanLoss > 0 && wholeLoss > 0 ? Math.log(wholeLoss / meanLoss) : 0;
  const composition = largest(({ compositionEffect }) => compositionEffect);
  const removed = layers.flatMap(({ removed, chance }) =>
    removed === null || chance === null ? [] : { removed, chance },
  );
  return {
    "composition effect, worst layer": composition,
    "composition effect, network": network?.compositionEffect ?? 0,
    "1 - agreement, worst layer": largest(({ value }) => 1 - value),
    "1 - agreement, network": 1 - (network?.value ?? 1),
    "size effect, worst layer": largest(({ sizeEffect }) => sizeEffect ?? 0),
    "size effect, network": network?.sizeEffect ?? 0,
    "|log gain|, worst layer": largest(({ gain }) => Math.abs(Math.log(gain))),
    "|log gain|, network": Math.abs(Math.log(network?.gain ?? 1)),
    "composition effect where evaluation is no easier": gap > EASIER ? composition : 0,
    "log(whole loss / mean loss)": gap,
    "blocked share, largest": Math.max(0, ...layers.map(({ blocked }) => blocked)),
    "removed, largest": Math.max(0, ...removed.map(({ removed }) => removed)),
    "removed - chance, largest":
      removed.length === 0 ? 0 : Math.max(...removed.map(({ removed, chance }) => removed - chance)),
  };
}

/** The mean of a predictor over the seeds. */
export const predictorAt = (setting: Setting, moment: Moment, name: keyof Predictors): number =>
  meanOf(setting.predictors[moment].map((predictors) => predictors[name]));
