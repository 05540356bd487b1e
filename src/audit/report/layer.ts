import type { NormKind } from "../../onnx/norms/kinds.js";
import { type BlockedShares, type Leak, sharesOf, sumGroups, type WeightLoss } from "../../theory/index.js";
import { judge } from "../verdict/judge.js";
import { allFiniteOrNull } from "./finite.js";
import type { GroupedBy, LayerReport, Thresholds, WeightsReport } from "./result.js";

/** The measured numbers of one layer, from a model or from a recorded trace. */
export interface LayerMeasurement {
  readonly name: string;
  /** Decides the advice of the verdict. */
  readonly kind: NormKind;
  /** Operator that the report names. */
  readonly op: string;
  readonly mode: LayerReport["mode"];
  /** The items that `channels` lists (channels, samples or channel groups), and their number. */
  readonly groupedBy: GroupedBy;
  readonly channelCount: number;
  readonly epsilon: number | null;
  readonly shares: BlockedShares;
  readonly leak: Leak | null;
  readonly weights: (Pick<WeightsReport, "name" | "chance" | "chanceSd" | "overChance"> & WeightLoss) | null;
  /** ‖∂L/∂γ‖ and ‖∂L/∂β‖. */
  readonly affine: LayerReport["affine"];
  readonly identityResidual: number | null;
  /** Whether any group has a finite variance. */
  readonly hasStatistics: boolean;
  readonly warnings: readonly string[];
}

/** Judges one layer: its energies, shares, weights and verdict, as the report has them. */
export function judgeLayer(measurement: LayerMeasurement, thresholds: Thresholds): LayerReport {
  const { shares, groupedBy, channelCount } = measurement;
  const weights = allFiniteOrNull(measurement.weights);
  const { total } = shares;
  const perItem = (values: Float64Array) =>
    Array.from(sumGroups(values, { by: groupedBy, count: channelCount }));
  const frozen = measurement.mode === "frozen";
  const relative = { ...sharesOf(shares), ...(frozen ? { chance: 0 } : {}) };
  return {
    name: measurement.name,
    op: measurement.op,
    mode: measurement.mode,
    groupedBy,
    channelCount,
    elements: shares.elements,
    epsilon: measurement.epsilon,
    energy: { total: total.energy, first: total.first, diag: total.diag, passed: total.passed },
    shares: relative,
    leak: allFiniteOrNull(measurement.leak),
    weights,
    affine: allFiniteOrNull(measurement.affine),
    identityResidual: measurement.identityResidual,
    agreement: null,
    batches: null,
    ...judge(
      {
        kind: measurement.kind,
        frozen,
        groupedBy,
        elements: shares.elements,
        groups: shares.energy.length,
        constantGroups: shares.constantGroups,
        nonFinite: shares.nonFinite,
        energy: measurement.hasStatistics ? total.energy : 0,
        hasStatistics: measurement.hasStatistics,
        shares: relative,
        weights,
      },
      thresholds,
    ),
    channels: {
      energy: perItem(shares.energy),
      first: perItem(shares.first),
      diag: perItem(shares.diag),
    },
  };
}
