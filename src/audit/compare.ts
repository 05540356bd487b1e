import Value from "typebox/value";
import { UserError } from "../base/errors.js";
import { AuditReport, type LayerReport, type Verdict } from "./report/result.js";
import { upgradeReport } from "./report/upgrade.js";
import { DEFAULT_TOLERANCE, findWorse, type Worsening } from "./worse.js";

/** Two audit reports side by side, in the format `blindspot.compare/1`. */
export interface Comparison {
  /** Name and version of the format. */
  readonly schema: "blindspot.compare/1";
  /** Where the numbers of the first report come from. */
  readonly a: ComparedReport;
  /** Where the numbers of the second report come from. */
  readonly b: ComparedReport;
  /** The answers about the batches in both reports. */
  readonly summary: { readonly a: ComparedAnswers; readonly b: ComparedAnswers };
  /** What is worse in the second report: see `findWorse`. */
  readonly worse: readonly Worsening[];
  /** The layers that occur in both reports, in the order of the first report. */
  readonly layers: readonly ComparedLayer[];
  /** Names of the layers that occur in the first report only. */
  readonly onlyInA: readonly string[];
  /** Names of the layers that occur in the second report only. */
  readonly onlyInB: readonly string[];
  /** Other differences between the reports that may explain the numbers, one sentence each. */
  readonly warnings: readonly string[];
}

/** Where the numbers of one report come from: files, batches, loss and precision. */
export type ComparedReport = Pick<AuditReport, "source" | "batch" | "batches" | "loss" | "precision">;

/** The answers about the batches of one report. */
export type ComparedAnswers = Pick<AuditReport["summary"], "verdict" | "normToBlame">;

/** One layer in both reports. */
export interface ComparedLayer {
  /** Name of the layer. */
  readonly name: string;
  /** Operator of the layer in the first report, such as `BatchNormalization`. */
  readonly op: string;
  /** Numbers and verdict in the first report. */
  readonly a: ComparedNumbers & { readonly verdict: Verdict };
  /** Numbers and verdict in the second report. */
  readonly b: ComparedNumbers & { readonly verdict: Verdict };
  /** Differences b − a; null where one report lacks the number. */
  readonly delta: ComparedNumbers;
}

/** The numbers of a layer that a comparison shows; null where a report lacks one. */
export interface ComparedNumbers {
  /** Share of the gradient energy ‖∂L/∂y‖² that the standardization removes: first + diag. */
  readonly blocked: number | null;
  /** First-order part of `blocked`: the same for all elements of a group. */
  readonly first: number | null;
  /** Diagonal part of `blocked`: proportional to y. */
  readonly diag: number | null;
  /** The blocked share of pure noise. */
  readonly chance: number | null;
  /** Length of the removed weight gradient, relative to the open one. */
  readonly removed: number | null;
  /** Length of the weight gradient that remains, relative to the open one. */
  readonly kept: number | null;
  /** Cosine between the weight gradient that remains and the open one. */
  readonly cosine: number | null;
  /** Agreement of the batches, for the weights below. */
  readonly agreement: number | null;
  /** Effect of the composition of the batches on that agreement. */
  readonly compositionEffect: number | null;
}

/**
 * Puts two audit reports side by side. Layers are matched by name.
 * @param a - The first report.
 * @param b - The second report; differences are b − a.
 * @param tolerance - Growth of a composition effect that does not count as worse. Default 0.05.
 * @returns The layers of both reports, the names that occur in one only, and warnings where more
 * than one thing differs between the reports (both model and batch, the loss, the precision, the
 * thresholds).
 * @example
 * ```ts
 * import { auditModel, compareReports } from "blindspot";
 *
 * const mixed = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * const oneClass = await auditModel("examples/glyphs.onnx", { data: "examples/one-class.npz" });
 * const { layers } = compareReports(mixed, oneClass);
 * for (const { name, delta } of layers) console.log(name, delta.blocked);
 * ```
 */
export function compareReports(a: AuditReport, b: AuditReport, tolerance = DEFAULT_TOLERANCE): Comparison {
  const inB = new Map(b.layers.map((layer) => [layer.name, layer]));
  const inA = new Set(a.layers.map(({ name }) => name));
  return {
    schema: "blindspot.compare/1",
    a: origin(a),
    b: origin(b),
    summary: { a: answersOf(a), b: answersOf(b) },
    worse: findWorse(a, b, tolerance),
    layers: a.layers.flatMap((layer) => {
      const other = inB.get(layer.name);
      return other === undefined ? [] : [compareLayers(layer, other)];
    }),
    onlyInA: a.layers.map(({ name }) => name).filter((name) => !inB.has(name)),
    onlyInB: b.layers.map(({ name }) => name).filter((name) => !inA.has(name)),
    warnings: differences(a, b),
  };
}

const origin = ({ source, batch, batches, loss, precision }: AuditReport): ComparedReport => ({
  source,
  batch,
  batches,
  loss,
  precision,
});

const answersOf = ({ summary: { verdict, normToBlame } }: AuditReport): ComparedAnswers => ({
  verdict,
  normToBlame,
});

function compareLayers(a: LayerReport, b: LayerReport): ComparedLayer {
  const [left, right] = [numbers(a), numbers(b)];
  return {
    name: a.name,
    op: a.op,
    a: { ...left, verdict: a.verdict },
    b: { ...right, verdict: b.verdict },
    delta: {
      blocked: minus(right.blocked, left.blocked),
      first: minus(right.first, left.first),
      diag: minus(right.diag, left.diag),
      chance: minus(right.chance, left.chance),
      removed: minus(right.removed, left.removed),
      kept: minus(right.kept, left.kept),
      cosine: minus(right.cosine, left.cosine),
      agreement: minus(right.agreement, left.agreement),
      compositionEffect: minus(right.compositionEffect, left.compositionEffect),
    },
  };
}

function numbers({ shares, weights, agreement }: LayerReport): ComparedNumbers {
  return {
    blocked: shares.blocked,
    first: shares.first,
    diag: shares.diag,
    chance: shares.chance,
    removed: weights?.removed ?? null,
    kept: weights?.kept ?? null,
    cosine: weights?.cosine ?? null,
    agreement: agreement?.value ?? null,
    compositionEffect: agreement?.compositionEffect ?? null,
  };
}

const minus = (x: number | null, y: number | null): number | null =>
  x === null || y === null ? null : x - y;

/**
 * A comparison is meaningful if one thing differs: the batch (one class or mixed) or the model
 * (before or after a change). Warns if nothing differs, if both differ, or if loss, precision or
 * thresholds differ.
 */
function differences(a: AuditReport, b: AuditReport): string[] {
  const warnings: string[] = [];
  const sameModel = a.source.sha256 === b.source.sha256;
  const sameBatch = a.batch?.sha256 === b.batch?.sha256 && a.batches?.how === b.batches?.how;
  if (sameModel && sameBatch && a.batch !== null)
    warnings.push("both reports are audits of the same model on the same batch");
  if (!sameModel && !sameBatch)
    warnings.push(
      `the models differ and so do the batches: ${a.source.file} on ${batchName(a)}, ${b.source.file} on ${batchName(b)}`,
    );
  if (a.loss.kind !== b.loss.kind) warnings.push(`the losses differ: ${a.loss.kind}, ${b.loss.kind}`);
  else if (a.loss.reduction !== b.loss.reduction)
    warnings.push(`the reductions of the loss differ: ${a.loss.reduction}, ${b.loss.reduction}`);
  if (a.precision !== b.precision) warnings.push(`the precisions differ: ${a.precision}, ${b.precision}`);
  if (!Value.Equal(a.thresholds, b.thresholds))
    warnings.push("the thresholds differ, so the verdicts cannot be compared");
  return warnings;
}

const batchName = ({ batch, batches }: AuditReport): string =>
  batch === null ? "a recorded batch" : batch.file + (batches === null ? "" : ` (${batches.how})`);

/**
 * Reads an audit report from JSON and checks it against the schema `blindspot.audit/2`. A report of
 * the former schema `blindspot.audit/1` is read too; what it does not hold is null or `unknown`.
 * @param text - The JSON, as `blindspot audit --format json` or `auditJson` writes it.
 * @param file - Name of the file the text comes from; error messages begin with it.
 * @returns The report.
 * @throws UserError if the text is not JSON, not an audit report, or breaks the schema. The message
 * names the first wrong field.
 * @example
 * ```ts
 * import { auditJson, auditModel, parseAuditReport } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * const text = auditJson(report);
 * console.log(parseAuditReport(text, "report.json").summary.blind);
 * ```
 */
export function parseAuditReport(text: string, file: string): AuditReport {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${file}: expected a JSON audit report, got text that is not JSON (${(error as Error).message}); make one with blindspot audit --format json`,
    );
  }
  const value = upgradeReport(parsed);
  if (Value.Check(AuditReport, value)) return value;
  const schema = value instanceof Object && "schema" in value ? value.schema : undefined;
  if (schema !== "blindspot.audit/2")
    throw new UserError(
      `${file}: expected an audit report with schema "blindspot.audit/2" or "blindspot.audit/1", got ${JSON.stringify(schema) ?? "no schema"}; make one with blindspot audit --format json`,
    );
  const first = Value.Errors(AuditReport, value)[0];
  throw new UserError(
    `${file}: ${first?.instancePath || "/"}: not a valid audit report: this field ${first?.message ?? "is wrong"}; make the report again with blindspot audit --format json`,
  );
}
