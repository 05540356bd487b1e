import Value from "typebox/value";
import { UserError } from "../base/errors.js";
import { AuditReport, type LayerReport, type Verdict } from "./report/result.js";

/** Two audit reports side by side, `blindspot.compare/1`. */
export interface Comparison {
  readonly schema: "blindspot.compare/1";
  readonly a: ComparedReport;
  readonly b: ComparedReport;
  /** The layers that both have, in the order of the first report. */
  readonly layers: readonly ComparedLayer[];
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
  /** What besides the intended change differs and may explain the numbers. */
  readonly warnings: readonly string[];
}

/** Where the numbers of one side come from. */
export type ComparedReport = Pick<AuditReport, "source" | "batch" | "loss" | "precision">;

export interface ComparedLayer {
  readonly name: string;
  readonly op: string;
  readonly a: ComparedNumbers & { readonly verdict: Verdict };
  readonly b: ComparedNumbers & { readonly verdict: Verdict };
  /** b − a; null where either side lacks the value. */
  readonly delta: ComparedNumbers;
}

export interface ComparedNumbers {
  readonly blocked: number | null;
  readonly first: number | null;
  readonly diag: number | null;
  readonly chance: number | null;
  readonly removed: number | null;
  readonly kept: number | null;
  readonly cosine: number | null;
}

/** Puts two reports side by side, their layers matched by name. */
export function compareReports(a: AuditReport, b: AuditReport): Comparison {
  const inB = new Map(b.layers.map((layer) => [layer.name, layer]));
  const inA = new Set(a.layers.map(({ name }) => name));
  return {
    schema: "blindspot.compare/1",
    a: origin(a),
    b: origin(b),
    layers: a.layers.flatMap((layer) => {
      const other = inB.get(layer.name);
      return other === undefined ? [] : [compareLayers(layer, other)];
    }),
    onlyInA: a.layers.map(({ name }) => name).filter((name) => !inB.has(name)),
    onlyInB: b.layers.map(({ name }) => name).filter((name) => !inA.has(name)),
    warnings: differences(a, b),
  };
}

const origin = ({ source, batch, loss, precision }: AuditReport): ComparedReport => ({
  source,
  batch,
  loss,
  precision,
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
    },
  };
}

function numbers({ shares, weights }: LayerReport): ComparedNumbers {
  return {
    blocked: shares.blocked,
    first: shares.first,
    diag: shares.diag,
    chance: shares.chance,
    removed: weights?.removed ?? null,
    kept: weights?.kept ?? null,
    cosine: weights?.cosine ?? null,
  };
}

const minus = (x: number | null, y: number | null): number | null =>
  x === null || y === null ? null : x - y;

/**
 * One thing should differ between two reports: the batch (one class against mixed) or the model (before
 * against after). Says where both do, or where the loss, the precision or the thresholds do.
 */
function differences(a: AuditReport, b: AuditReport): string[] {
  const warnings: string[] = [];
  const sameModel = a.source.sha256 === b.source.sha256;
  const sameBatch = a.batch?.sha256 === b.batch?.sha256;
  if (sameModel && sameBatch && a.batch !== null)
    warnings.push("both reports measure the same model on the same batch");
  if (!sameModel && !sameBatch)
    warnings.push(
      `both the model and the batch differ: ${a.source.file} on ${batchName(a)}, ${b.source.file} on ${batchName(b)}`,
    );
  if (a.loss.kind !== b.loss.kind) warnings.push(`the losses differ: ${a.loss.kind}, ${b.loss.kind}`);
  else if (a.loss.reduction !== b.loss.reduction)
    warnings.push(`the reductions of the loss differ: ${a.loss.reduction}, ${b.loss.reduction}`);
  if (a.precision !== b.precision) warnings.push(`the precisions differ: ${a.precision}, ${b.precision}`);
  if (!Value.Equal(a.thresholds, b.thresholds))
    warnings.push("the thresholds differ: the verdicts mean different things");
  return warnings;
}

const batchName = ({ batch }: AuditReport): string => batch?.file ?? "a recorded batch";

/**
 * The audit report in a JSON text, checked against the schema.
 * @throws UserError naming `file` and the first place that is wrong.
 */
export function parseAuditReport(text: string, file: string): AuditReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file}: not JSON: ${(error as Error).message}`);
  }
  if (Value.Check(AuditReport, value)) return value;
  const schema = value instanceof Object && "schema" in value ? value.schema : undefined;
  if (schema !== "blindspot.audit/1")
    throw new UserError(
      `${file}: not an audit report: expected schema "blindspot.audit/1", got ${JSON.stringify(schema) ?? "none"}; make one with blindspot audit --format json`,
    );
  const first = Value.Errors(AuditReport, value)[0];
  throw new UserError(
    `${file}: not a valid audit report: ${first?.instancePath || "/"} ${first?.message ?? "is wrong"}`,
  );
}
