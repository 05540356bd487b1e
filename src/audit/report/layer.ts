import { type BlockedShares, type Leak, sharesOf, sumGroups, type WeightLoss } from "../../theory/index.js";
import { judge } from "../verdict/judge.js";
import type { AuditReport, GroupedBy, LayerReport, Thresholds } from "./result.js";

/** What was measured of one layer, from a model or from a recorded trace. */
export interface LayerMeasurement {
  readonly name: string;
  readonly op: string;
  readonly mode: LayerReport["mode"];
  /** What the reported lists run over, and their length: channels, samples or channel groups. */
  readonly groupedBy: GroupedBy;
  readonly channelCount: number;
  readonly epsilon: number | null;
  readonly shares: BlockedShares;
  readonly leak: Leak | null;
  readonly weights: ({ readonly name: string } & WeightLoss) | null;
  /** ‖∂L/∂γ‖ and ‖∂L/∂β‖. */
  readonly affine: LayerReport["affine"];
  readonly identityResidual: number | null;
}

/** The report of one layer: energies, shares, verdict. */
export function layerReport(measurement: LayerMeasurement, thresholds: Thresholds): LayerReport {
  const { shares, groupedBy, channelCount } = measurement;
  const weights = finite(measurement.weights);
  const { total } = shares;
  const perItem = (values: Float64Array) =>
    Array.from(sumGroups(values, { by: groupedBy, count: channelCount }));
  const relative = sharesOf(shares);
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
    leak: finite(measurement.leak),
    weights,
    affine: finite(measurement.affine),
    identityResidual: measurement.identityResidual,
    ...judge(
      {
        op: measurement.op,
        groupedBy,
        centred: shares.centred,
        elements: shares.elements,
        groups: shares.energy.length,
        constantGroups: shares.constantGroups,
        nonFinite: shares.nonFinite,
        energy: total.energy,
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

/** `numbers`, or null if NaN or infinite elements of the data have reached one of them: JSON has no such numbers. */
function finite<T extends object>(numbers: T | null): T | null {
  const bad = (value: unknown) => typeof value === "number" && !Number.isFinite(value);
  return numbers === null || Object.values(numbers).some(bad) ? null : numbers;
}

/** The layers in a few words: which are blind or dim, and whose weights lose most. */
export function summarize(layers: readonly LayerReport[]): AuditReport["summary"] {
  const named = (verdict: LayerReport["verdict"]) =>
    layers.filter((layer) => layer.verdict === verdict).map(({ name }) => name);
  let worst: AuditReport["summary"]["worst"] = null;
  for (const { name, weights } of layers)
    if (weights !== null && weights.removed > (worst?.removed ?? -1))
      worst = { name, removed: weights.removed };
  return { layers: layers.length, blind: named("blind"), dim: named("dim"), worst };
}

/** How many elements were NaN or infinite, as a warning; null if none. */
export function nonFiniteWarning({ name, shares }: LayerMeasurement): string | null {
  const count = shares.nonFinite;
  if (count === 0) return null;
  return `${name}: ${count === 1 ? "1 element is" : `${count} elements are`} NaN or infinite in y or its gradient; left out of the energies`;
}
