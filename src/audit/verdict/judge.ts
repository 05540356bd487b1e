import { type NormKind, normKinds } from "../../onnx/norms/kinds.js";
import { overChance, type Shares } from "../../theory/index.js";
import type { GroupedBy, LayerReport, Thresholds, WeightsReport } from "../report/result.js";

type WeightFinding = "name" | "removed" | "kept" | "cosine" | "chance" | "chanceSd" | "overChance";

/** The numbers of one layer that its verdict rests on. */
export interface Findings {
  /** Decides the advice, and whether a mean is subtracted. */
  readonly kind: NormKind;
  /** Whether the layer uses stored statistics. */
  readonly frozen?: boolean;
  readonly groupedBy: GroupedBy;
  /** n: elements per group. */
  readonly elements: number;
  readonly groups: number;
  /** Groups whose y does not vary. */
  readonly constantGroups: number;
  /** Elements left out because y or G is NaN or infinite there. */
  readonly nonFinite: number;
  /** Whether any group has a finite variance. */
  readonly hasStatistics: boolean;
  /** ‖G‖² of the whole layer. */
  readonly energy: number;
  readonly shares: Shares;
  readonly weights: Pick<WeightsReport, WeightFinding> | null;
}

/**
 * A first-order share this far below its chance level of 1/n is no coincidence: another layer has
 * removed it.
 */
const NOTHING_LEFT = 1e-4;

/** From this chance level on (n ≤ 8), a group is too small for its shares to mean much. */
const SMALL_GROUP_CHANCE = 0.25;

/** The verdict of one layer with its reasons, and whether there was something to judge. */
export type Judgement = Pick<LayerReport, "status" | "verdict" | "why">;

/**
 * Judges how much a layer hides, with reasons in sentences a user can act on. A layer is `blind` if
 * what the weights below lose is at least `removed` above its chance level, or if at least
 * `blocked` of the energy is blocked and that is at least `timesChance` times chance. It is `dim`
 * by the lower limits of the same kind, else `clear`. Where no weights were measured, a layer that
 * blocks more than chance is at least `dim`, because weights can lose far more than energy shows.
 * The reasons name the reading traps of docs/theory.md, section 6.
 */
export function judge(findings: Findings, thresholds: Thresholds): Judgement {
  if (findings.energy === 0)
    return { status: "unmeasured", verdict: "unmeasured", why: [whyUnmeasured(findings)] };
  if (findings.frozen)
    return {
      status: "frozen",
      verdict: "clear",
      why: ["Its statistics are frozen: it is a fixed affine map, and nothing is blocked."],
    };
  const verdict = reaches(findings, thresholds.blind)
    ? "blind"
    : reaches(findings, thresholds.dim) || isOpen(findings)
      ? "dim"
      : "clear";
  const why =
    verdict === "clear"
      ? measured(findings, thresholds)
      : [...hidden(findings, thresholds), normKinds[findings.kind].advice];
  return { status: "measured", verdict, why: [...why, ...traps(findings)] };
}

function whyUnmeasured({ hasStatistics, nonFinite }: Findings): string {
  if (!hasStatistics)
    return "Nothing could be measured: the variance is too large for this precision. Scale the input, or use --precision float64.";
  return nonFinite > 0
    ? "Nothing could be measured: y or its gradient is NaN or infinite wherever it is not 0."
    : "No gradient reaches this layer (∂L/∂y is 0 everywhere): check that the loss depends on it.";
}

type Limits = Thresholds["blind"];

const reaches = (findings: Findings, limits: Limits): boolean =>
  weightsReach(findings, limits) || energyReaches(findings, limits);

/**
 * Whether the weights below lose enough beyond chance. An estimated chance level must be exceeded
 * by twice its standard error. Where chance is not known (a recorded trace), `removed` itself
 * decides.
 */
function weightsReach({ weights }: Findings, limits: Limits): boolean {
  if (weights === null) return false;
  const { removed, chance, chanceSd } = weights;
  if (chance === null) return removed >= limits.removed;
  const level = chance + 2 * (chanceSd ?? 0);
  return removed > level && overChance(removed, level) >= limits.removed;
}

/**
 * Whether a layer without weights blocks more than chance: what weights would lose is not known.
 */
const isOpen = ({ shares, weights }: Findings): boolean => weights === null && shares.blocked > shares.chance;

const energyReaches = ({ shares }: Findings, limits: Limits): boolean =>
  shares.blocked >= limits.blocked && shares.blocked >= limits.timesChance * shares.chance;

/** The reasons of a clear layer: how little it hides, and whether that can be trusted. */
function measured({ shares, weights }: Findings, { dim }: Thresholds): string[] {
  const { blocked, chance } = shares;
  const compared = blocked < chance ? "less than" : blocked < dim.timesChance * chance ? "about" : "against";
  const energy = `${percent(blocked)} of the gradient energy is blocked, ${compared} the ${percent(chance)} that noise would lose`;
  if (weights === null) return [`${energy}. What weights below lose is not measured.`];
  const loses = `${weights.name} loses ${percent(weights.removed)} of its gradient`;
  if (weights.chance === null) return [`${energy}; ${loses}.`];
  const comparison =
    weights.removed <= weights.chance
      ? `less than the ${noiseLoses(weights)} that noise would lose`
      : `against the ${noiseLoses(weights)} that noise would lose`;
  return [`${energy}; ${loses}, ${comparison}.`];
}

/** The chance level of `removed` in words: `56 %`, or `56 ± 3 %` where it is an estimate. */
function noiseLoses({ chance, chanceSd }: Pick<WeightsReport, "chance" | "chanceSd">): string {
  const level = percent(chance ?? 0);
  return chanceSd === null || chanceSd === 0 ? level : level.replace(" %", ` ± ${percent(chanceSd)}`);
}

/** The reasons of a dim or blind layer, by the measures that make it so. */
function hidden(findings: Findings, { dim }: Thresholds): string[] {
  const { shares, weights, elements, groupedBy } = findings;
  const why: string[] = [];
  if (weights !== null && weightsReach(findings, dim))
    why.push(
      `${weights.name} below loses a part of its gradient that measures ${percent(weights.removed)} of ` +
        `the whole${weights.chance === null ? "" : ` (noise would lose ${noiseLoses(weights)})`}; the part that arrives has ${percent(weights.kept)} of the length, at cosine ${weights.cosine.toFixed(2)} to the whole.`,
    );
  if (energyReaches(findings, dim))
    why.push(
      `${percent(shares.blocked)} of the gradient energy is blocked, ${times(shares.blocked / shares.chance)} ` +
        `chance (${percent(shares.chance)}): ${percent(shares.first)} is the same for all elements of a ` +
        `${groupedBy} (first order), ${percent(shares.diag)} is proportional to the activation (diagonal second order).`,
    );
  else if (weights === null)
    why.push(
      `${percent(shares.blocked)} of the gradient energy is blocked, ${times(shares.blocked / shares.chance)} chance ` +
        `(${percent(shares.chance)}). What weights below lose is not measured; it can be far more than energy shows, so this layer is not called clear.`,
    );
  else
    why.push(
      `Only ${percent(shares.blocked)} of the energy is blocked (chance ${percent(shares.chance)}), but a weight ` +
        `gradient sums over ${elements} elements: the shared part adds up while the rest averages out.`,
    );
  return why;
}

/** The reading traps that apply to a layer, whatever its verdict. */
function traps({ kind, elements, groups, groupedBy, constantGroups, shares }: Findings): string[] {
  const why: string[] = [];
  const nothingLeft = normKinds[kind].centred && elements > 2 && shares.first * elements < NOTHING_LEFT;
  if (nothingLeft)
    why.push(
      "Its first-order share is 0 to rounding: a normalization above it, with no kink in between, has already taken that part, so this layer looks clearer than it is. Read it together with the one above.",
    );
  if (shares.chance >= SMALL_GROUP_CHANCE)
    why.push(
      `Only ${elements} elements share one mean and variance, so ${percent(shares.chance)} is blocked whatever the loss${groupedBy === "channel" ? ": use a larger batch" : ""}.`,
    );
  if (constantGroups > 0)
    why.push(
      `${constantGroups} of ${groups} ${groupedBy}s do not vary on this batch (variance 0): their diagonal part counts as 0.`,
    );
  return why;
}

/**
 * A share in percent with two significant digits, and whole percents from 10 on: `57 %`, `3.1 %`,
 * `0.0093 %`.
 */
function percent(share: number): string {
  const value = 100 * share;
  if (Math.abs(value) >= 9.95) return `${Math.round(value)} %`;
  return `${Number(value.toPrecision(2))} %`;
}

const times = (ratio: number): string => `${ratio >= 9.95 ? Math.round(ratio) : ratio.toFixed(1)} times`;
