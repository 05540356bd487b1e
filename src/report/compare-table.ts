import type { ComparedLayer, ComparedReport, Comparison } from "../audit/compare.js";
import type { Verdict } from "../audit/report/result.js";
import type { TableOptions } from "./audit-table.js";
import { baseName, cosine, plural, share, significant } from "./format.js";
import { batchInWords, cutInWords } from "./sentences.js";
import { alignedTable, type Column } from "./terminal/columns.js";
import { painter, verdictSigns, verdictStyles } from "./terminal/style.js";
import { wrap } from "./terminal/text.js";

const name: Column<ComparedLayer> = { title: "layer", align: "left", cell: ({ name }) => name };

const agreementColumns: readonly Column<ComparedLayer>[] = [
  name,
  ...pair("agreement", cosine),
  ...pair("compositionEffect", cosine, { title: "effect" }),
];

const columns: readonly Column<ComparedLayer>[] = [
  name,
  ...pair("blocked", share),
  ...pair("removed", share),
  ...pair("kept", share, { dropAt: 2 }),
  ...pair("cosine", cosine, { dropAt: 3 }),
  {
    title: "verdict",
    align: "left",
    cell: ({ a, b }) =>
      a.verdict === b.verdict ? sign(b.verdict) : `${verdictSigns[a.verdict]} → ${sign(b.verdict)}`,
    style: ({ b }) => verdictStyles[b.verdict],
  },
];

const sign = (verdict: Verdict): string => `${verdictSigns[verdict]} ${verdict}`;

/** The columns A and B of one number. */
function pair(
  field: keyof ComparedLayer["delta"],
  format: (value: number | null) => string,
  { title: heading = field, dropAt }: { readonly title?: string; readonly dropAt?: number } = {},
): Column<ComparedLayer>[] {
  return (["a", "b"] as const).map((side) => ({
    title: side.toUpperCase(),
    heading,
    align: "right",
    cell: (layer) => format(layer[side][field]),
    dropAt,
  }));
}

/**
 * Writes a comparison of two audit reports as a text table for a terminal: model and batch of both
 * reports, one line for each common layer, the largest change, layers of one report only, and
 * warnings.
 * @param comparison - The comparison, from `compareReports`.
 * @param options - Colours and the widest line.
 * @returns The text, with a line break at the end. Control characters in names are replaced.
 * @example
 * ```ts
 * import { auditModel, compareReports, compareTable } from "blindspot";
 *
 * const mixed = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * const oneClass = await auditModel("examples/glyphs.onnx", { data: "examples/one-class.npz" });
 * console.log(compareTable(compareReports(mixed, oneClass), { color: false }));
 * ```
 */
export function compareTable(comparison: Comparison, options: TableOptions): string {
  const width = options.width ?? 100;
  const paint = painter(options);
  const { a, b, layers, onlyInA, onlyInB, warnings } = comparison;
  const blocks = [`${wrap(origin(a), width, "A  ")}\n${wrap(origin(b), width, "B  ")}`];
  const answers = changedAnswers(comparison);
  if (answers !== null) blocks.push(paint("bold", wrap(answers, width)));
  if (layers.some((layer) => layer.a.agreement !== null && layer.b.agreement !== null))
    blocks.push(alignedTable(layers, agreementColumns, width, paint).join("\n"));
  const hidden = ["blocked", "removed", "kept", "cosine"] as const;
  if (answers !== null && layers.every(({ delta }) => hidden.every((field) => !delta[field])))
    blocks.push(wrap("What one large batch of the samples hides is the same in A and B.", width));
  else if (layers.length > 0) blocks.push(alignedTable(layers, columns, width, paint).join("\n"));
  blocks.push(paint("bold", wrap(changed(layers), width)));
  for (const [side, names] of [
    ["A", onlyInA],
    ["B", onlyInB],
  ] as const)
    if (names.length > 0) blocks.push(wrap(named(names), width, `only in ${side}: `));
  if (warnings.length > 0)
    blocks.push(warnings.map((line) => paint("yellow", wrap(line, width, "warning: "))).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

function origin(report: ComparedReport): string {
  const { source, loss } = report;
  const value = loss.value === null ? "" : ` = ${significant(loss.value)}`;
  return [
    baseName(source.file),
    batchInWords(report),
    ...(report.batches === null ? [] : [cutInWords(report.batches)]),
    `loss ${loss.kind}${value}`,
  ].join(" · ");
}

/** Says how the answers about the batches change; null where neither report has batches. */
function changedAnswers({ summary: { a, b } }: Comparison): string | null {
  if (a.verdict === "unknown" && b.verdict === "unknown") return null;
  const change = (from: string, to: string) => (from === to ? to : `${from} → ${to}`);
  return `The batches are ${change(a.verdict, b.verdict)}; normalization to blame: ${change(a.normToBlame, b.normToBlame)}.`;
}

const order: Record<Exclude<Verdict, "unmeasured">, number> = { clear: 0, dim: 1, blind: 2 };

/** How many steps the verdict goes up from A to B; null where one of them was not measured. */
const steps = ({ a, b }: ComparedLayer): number | null =>
  a.verdict === "unmeasured" || b.verdict === "unmeasured" ? null : order[b.verdict] - order[a.verdict];

/** Says how many verdicts change, and which layer changes most. */
function changed(layers: readonly ComparedLayer[]): string {
  if (layers.length === 0) return "No layer is in both reports.";
  const count = (is: (step: number | null) => boolean) => layers.filter((layer) => is(steps(layer))).length;
  const worse = count((step) => step !== null && step > 0);
  const better = count((step) => step !== null && step < 0);
  const unmeasured = count((step) => step === null);
  const unchanged = layers.length - worse - better - unmeasured;
  const verdicts = [
    ...(worse > 0 ? [`${worse} worse`] : []),
    ...(better > 0 ? [`${better} better`] : []),
    ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
    ...(unmeasured > 0 ? [`${unmeasured} not measured in both`] : []),
  ].join(", ");
  return `Verdicts of ${plural(layers.length, "layer")} from A to B: ${verdicts}.${mostChanged(layers)}`;
}

function mostChanged(layers: readonly ComparedLayer[]): string {
  const fields = ["blocked", "removed", "kept"] as const;
  const size = ({ delta }: ComparedLayer) => Math.max(...fields.map((f) => Math.abs(delta[f] ?? 0)));
  const { name, a, b } = layers.reduce((most, layer) => (size(layer) > size(most) ? layer : most));
  const changes = fields
    .filter((field) => share(a[field]) !== share(b[field]))
    .map((field) => `${field} ${share(a[field])} → ${share(b[field])}`);
  return changes.length === 0 ? "" : ` The largest change is at ${name}: ${changes.join(", ")}.`;
}

/** At most this many unmatched layers are listed by name. */
const NAMED = 8;

function named(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(", ") + (more > 0 ? `, … and ${more} more` : "");
}
