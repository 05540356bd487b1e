import { version } from "../../base/version.js";
import { judgeLayer, type LayerMeasurement } from "./layer.js";
import type { AuditReport, LayerReport, Thresholds } from "./result.js";

/** Judges every layer by the thresholds. */
export const judgeLayers = (
  measurements: readonly LayerMeasurement[],
  thresholds: Thresholds,
): LayerReport[] => measurements.map((measurement) => judgeLayer(measurement, thresholds));

/** The parts of a report that differ between audits of models and of recorded traces. */
export type ReportParts = Pick<
  AuditReport,
  "source" | "batch" | "loss" | "precision" | "device" | "thresholds" | "batches" | "layers" | "warnings"
> & {
  /** When the audit began, by `performance.now()`. */
  readonly started: number;
  /** Whether the batches cost something, and why. */
  readonly answers: BatchAnswers;
};

/** The answers of a report about its batches, with their reasons. */
export type BatchAnswers = Pick<AuditReport["summary"], "verdict" | "normToBlame" | "why">;

/** Assembles the report of an audit: its parts, the time it took and the summary of its layers. */
export const assemble = ({ started, ...parts }: ReportParts): AuditReport => ({
  schema: "blindspot.audit/2",
  tool: { name: "blindspot", version },
  source: parts.source,
  batch: parts.batch,
  loss: parts.loss,
  precision: parts.precision,
  device: parts.device,
  elapsedMs: performance.now() - started,
  thresholds: parts.thresholds,
  batches: parts.batches,
  layers: parts.layers,
  warnings: parts.warnings,
  summary: { ...summarize(parts.layers), ...parts.answers },
});

/** Names the blind layers, the dim layers and the layer whose weights lose most. */
export function summarize(layers: readonly LayerReport[]): Omit<AuditReport["summary"], keyof BatchAnswers> {
  const named = (verdict: LayerReport["verdict"]) =>
    layers.filter((layer) => layer.verdict === verdict).map(({ name }) => name);
  let worst: AuditReport["summary"]["worst"] = null;
  for (const { name, weights } of layers)
    if (weights !== null && weights.removed > (worst?.removed ?? -1))
      worst = { name, removed: weights.removed };
  return {
    layers: layers.length,
    blind: named("blind"),
    dim: named("dim"),
    unmeasured: named("unmeasured"),
    worst,
  };
}
