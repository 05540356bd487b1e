import type { AuditReport, LayerReport } from "../audit/result.js";

/**
 * The report as JSON: keys in the order of the schema whoever built the report, two spaces of indent, lists of
 * numbers on one line, every number with all its digits. A number that JSON cannot hold (NaN, ±∞) is a fault
 * of the measurement and throws, rather than turning into `null`.
 */
export function auditJson(report: AuditReport): string {
  return `${write(inSchemaOrder(report), "", "report")}\n`;
}

function write(value: unknown, indent: string, path: string): string {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new Error(`${path}: ${value} is not finite`);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item, i) => write(item, inner, `${path}[${i}]`));
    const flat = value.every((item) => typeof item === "number");
    return flat || items.length === 0 ? `[${items.join(", ")}]` : `[\n${block(items, inner)}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const items = entries.map(
    ([key, item]) => `${JSON.stringify(key)}: ${write(item, inner, `${path}.${key}`)}`,
  );
  return items.length === 0 ? "{}" : `{\n${block(items, inner)}\n${indent}}`;
}

const block = (items: readonly string[], indent: string): string =>
  items.map((item) => indent + item).join(",\n");

// The annotated results make the compiler reject a list of keys that misses one.

function inSchemaOrder(report: AuditReport): AuditReport {
  const { batch } = report;
  return {
    ...pick(report, "schema", "tool", "source", "batch", "loss", "precision", "device", "elapsedMs"),
    ...pick(report, "thresholds", "layers", "warnings", "summary"),
    tool: pick(report.tool, "name", "version"),
    source: pick(report.source, "kind", "file", "sha256"),
    batch: batch && pick(batch, "file", "sha256", "size", "labelCounts"),
    loss: pick(report.loss, "kind", "reduction", "value"),
    thresholds: {
      blind: pick(report.thresholds.blind, "removed", "blocked", "timesChance"),
      dim: pick(report.thresholds.dim, "removed", "blocked", "timesChance"),
    },
    layers: report.layers.map(layerInOrder),
    summary: {
      ...pick(report.summary, "layers", "blind", "dim", "worst"),
      worst: report.summary.worst && pick(report.summary.worst, "name", "removed"),
    },
  };
}

function layerInOrder(layer: LayerReport): LayerReport {
  const { affine, leak, weights } = layer;
  return {
    ...pick(
      layer,
      "name",
      "op",
      "mode",
      "groupedBy",
      "channelCount",
      "elements",
      "epsilon",
      "energy",
      "shares",
    ),
    ...pick(layer, "leak", "weights", "affine", "identityResidual", "verdict", "why", "channels"),
    energy: pick(layer.energy, "total", "first", "diag", "passed"),
    shares: pick(layer.shares, "blocked", "first", "diag", "chance"),
    leak: leak && pick(leak, "mean", "max"),
    weights: weights && pick(weights, "name", "open", "first", "diag", "removed", "kept", "cosine"),
    affine: affine && pick(affine, "gradGamma", "gradBeta"),
    channels: pick(layer.channels, "energy", "first", "diag"),
  };
}

function pick<T extends object, K extends keyof T>(value: T, ...keys: K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, value[key]])) as Pick<T, K>;
}
