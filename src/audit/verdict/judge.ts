import { type NormKind, normKinds } from "../../onnx/norms/kinds.js";
import type { Shares, WeightLoss } from "../../theory/index.js";
import type { GroupedBy, Thresholds, Verdict } from "../report/result.js";

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
  /** ‖G‖² of the whole layer. */
  readonly energy: number;
  readonly shares: Shares;
  readonly weights: ({ readonly name: string } & Pick<WeightLoss, "removed" | "kept" | "cosine">) | null;
}

/**
 * A first-order share this far below its chance level of 1/n is no coincidence: another layer has
 * removed it.
 */
const NOTHING_LEFT = 1e-4;

/** From this chance level on (n ≤ 8), a group is too small for its shares to mean much. */
const SMALL_GROUP_CHANCE = 0.25;

/**
 * Judges how much a layer hides, with reasons in sentences a user can act on. A layer is `blind` if
 * the weights below lose at least `removed` of their gradient, or if at least `blocked` of the
 * energy is blocked and that is at least `timesChance` times chance. It is `dim` by the lower
 * limits of the same kind, else `clear`. The reasons name the reading traps of docs/theory.md,
 * section 6.
 */
export function judge(findings: Findings, thresholds: Thresholds): { verdict: Verdict; why: string[] } {
  if (findings.energy === 0)
    return {
      verdict: "clear",
      why: [
        findings.nonFinite > 0
          ? "Nothing could be measured: y or its gradient is NaN or infinite wherever it is not 0."
          : "No gradient reaches this layer (∂L/∂y is 0 everywhere): check that the loss depends on it.",
      ],
    };
  if (findings.frozen)
    return {
      verdict: "clear",
      why: ["Its statistics are frozen: it is a fixed affine map, and nothing is blocked."],
    };
  const verdict = reaches(findings, thresholds.blind)
    ? "blind"
    : reaches(findings, thresholds.dim)
      ? "dim"
      : "clear";
  const why =
    verdict === "clear"
      ? measured(findings, thresholds)
      : [...hidden(findings, thresholds), normKinds[findings.kind].advice];
  return { verdict, why: [...why, ...traps(findings)] };
}

type Limits = Thresholds["blind"];

const reaches = (findings: Findings, limits: Limits): boolean =>
  weightsReach(findings, limits) || energyReaches(findings, limits);

const weightsReach = ({ weights }: Findings, limits: Limits): boolean =>
  weights !== null && weights.removed >= limits.removed;

const energyReaches = ({ shares }: Findings, limits: Limits): boolean =>
  shares.blocked >= limits.blocked && shares.blocked >= limits.timesChance * shares.chance;

/** The reasons of a clear layer: how little it hides, and whether that can be trusted. */
function measured({ shares, weights }: Findings, { dim }: Thresholds): string[] {
  const { blocked, chance } = shares;
  const compared = blocked < chance ? "less than" : blocked < dim.timesChance * chance ? "about" : "against";
  const energy = `${percent(blocked)} of the gradient energy is blocked, ${compared} the ${percent(chance)} that noise would lose`;
  if (weights !== null)
    return [`${energy}; ${weights.name} loses ${percent(weights.removed)} of its gradient.`];
  if (blocked < dim.timesChance * chance) return [`${energy}.`];
  return [
    `${energy}.`,
    `That is ${times(blocked / chance)} chance, and weights can lose far more than energy shows; what they lose is not known here.`,
  ];
}

/** The reasons of a dim or blind layer, by the measures that make it so. */
function hidden(findings: Findings, { dim }: Thresholds): string[] {
  const { shares, weights, elements, groupedBy } = findings;
  const why: string[] = [];
  if (weights !== null && weightsReach(findings, dim))
    why.push(
      `${weights.name} below loses a part of its gradient that measures ${percent(weights.removed)} of ` +
        `the whole; the part that arrives has ${percent(weights.kept)} of the length, at cosine ${weights.cosine.toFixed(2)} to the whole.`,
    );
  if (energyReaches(findings, dim))
    why.push(
      `${percent(shares.blocked)} of the gradient energy is blocked, ${times(shares.blocked / shares.chance)} ` +
        `chance (${percent(shares.chance)}): ${percent(shares.first)} is the same for all elements of a ` +
        `${groupedBy} (first order), ${percent(shares.diag)} is proportional to the activation (diagonal second order).`,
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
