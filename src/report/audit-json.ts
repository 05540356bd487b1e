import type { AgreementReport, AuditReport, BatchesReport, LayerReport } from "../audit/report/result.js";

/**
 * Writes an audit report as JSON in the format `blindspot.audit/2`: keys in the order of the
 * schema, two spaces of indent, lists of numbers on one line, every number with all its digits.
 * @param report - The report, from `auditModel`, `auditTrace` or `parseAuditReport`.
 * @returns The JSON text, with a line break at the end.
 * @throws Error if a number is NaN or infinite. JSON cannot hold such numbers, and a report never
 * contains them unless the program has a bug.
 * @example
 * ```ts
 * import { auditJson, auditModel } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * console.log(auditJson(report));
 * ```
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

function inSchemaOrder(report: AuditReport): AuditReport {
  const { batch, loss, source, summary, thresholds, tool } = report;
  const limits = (t: AuditReport["thresholds"]["blind"]) => ordered(t, "removed", "blocked", "timesChance");
  return {
    ...ordered(
      report,
      ...(["schema", "tool", "source", "batch", "loss", "precision", "device", "elapsedMs"] as const),
      ...(["thresholds", "batches", "layers", "warnings", "summary"] as const),
    ),
    tool: ordered(tool, "name", "version"),
    source: ordered(source, "kind", "file", "sha256", "model", "batch"),
    batch: batch && ordered(batch, "file", "sha256", "size", "labelCounts"),
    loss: ordered(loss, "kind", "reduction", "value", "description"),
    thresholds: { blind: limits(thresholds.blind), dim: limits(thresholds.dim) },
    batches: report.batches && batchesInSchemaOrder(report.batches),
    layers: report.layers.map(layerInSchemaOrder),
    summary: {
      ...ordered(summary, "layers", "blind", "dim", "unmeasured", "worst", "verdict", "normToBlame", "why"),
      worst: summary.worst && ordered(summary.worst, "name", "removed"),
    },
  };
}

const agreementInSchemaOrder = (agreement: AgreementReport): AgreementReport => ({
  ...ordered(agreement, "value", "gain", "shuffled", "sizeEffect", "compositionEffect"),
  shuffled: ordered(agreement.shuffled, "mean", "sd"),
});

function batchesInSchemaOrder(batches: BatchesReport): BatchesReport {
  return {
    ...ordered(
      batches,
      ...([
        "how",
        "count",
        "sizes",
        "cuts",
        "seed",
        "reference",
        "meanLoss",
        "wholeLoss",
        "network",
      ] as const),
    ),
    sizes: ordered(batches.sizes, "min", "max"),
    network: batches.network && agreementInSchemaOrder(batches.network),
  };
}

function layerInSchemaOrder(layer: LayerReport): LayerReport {
  const { affine, agreement, batches, channels, energy, leak, shares, taylor, weights } = layer;
  return {
    ...ordered(
      layer,
      ...(["name", "op", "mode", "groupedBy", "channelCount", "elements", "epsilon"] as const),
      ...(["energy", "shares", "leak", "weights", "affine", "identityResidual"] as const),
      ...(["agreement", "batches", "status", "verdict", "why", "channels", "taylor"] as const),
    ),
    energy: ordered(energy, "total", "first", "diag", "passed"),
    shares: ordered(shares, "blocked", "first", "diag", "chance"),
    leak: leak && ordered(leak, "mean", "max"),
    weights:
      weights &&
      ordered(
        weights,
        ...([
          "name",
          "open",
          "first",
          "diag",
          "removed",
          "kept",
          "cosine",
          "chance",
          "chanceSd",
          "overChance",
        ] as const),
      ),
    affine: affine && ordered(affine, "gradGamma", "gradBeta"),
    agreement: agreement && agreementInSchemaOrder(agreement),
    batches: batches && {
      blocked: ordered(batches.blocked, "mean", "sd"),
      removed: batches.removed && ordered(batches.removed, "mean", "sd"),
    },
    channels: ordered(channels, "energy", "first", "diag"),
    taylor: taylor && ordered(taylor, "features", "diagonal", "frozen", "terms"),
  };
}

/**
 * Copies an object with its keys in the given order. A call that leaves out a key, even an optional
 * one, does not compile.
 */
function ordered<T extends object, K extends keyof T>(value: T, ...keys: K[]): Complete<T, K> {
  return Object.fromEntries(keys.map((key) => [key, value[key]])) as Complete<T, K>;
}

type Complete<T, K extends keyof T> = [Exclude<keyof T, K>] extends [never]
  ? T
  : { missing: Exclude<keyof T, K> };
