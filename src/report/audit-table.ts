import type { AuditReport, LayerReport, TaylorReport } from "../audit/report/result.js";
import { cosine, plural, share, shortOp } from "./format.js";
import { answers, explanations, findings, flagged, layerNames, subject } from "./sentences.js";
import { expansionInWords, TERMS_LEGEND, type TermRow, termRows } from "./taylor-rows.js";
import { agreementTable } from "./terminal/agreement-table.js";
import { alignedTable, type Column } from "./terminal/columns.js";
import { type Paint, painter, verdictSigns, verdictStyles } from "./terminal/style.js";
import { unbroken, wrap } from "./terminal/text.js";

/** How a table is printed. */
export interface TableOptions {
  /** Whether to colour the text with ANSI escape codes. Colours only repeat what the text says. */
  readonly color: boolean;
  /** Widest line, in terminal columns. Default 100. */
  readonly width?: number;
}

/** The table explains at most this many layers; the HTML report explains all. */
const EXPLAINED = 5;

const columns: readonly Column<LayerReport>[] = [
  { title: "layer", align: "left", cell: ({ name }) => name },
  { title: "norm", align: "left", cell: shortOp, dropAt: 5 },
  { title: "n", align: "right", cell: ({ elements }) => String(elements), dropAt: 4 },
  {
    title: "blocked",
    heading: "energy of ∂L/∂y",
    align: "right",
    cell: ({ shares }) => share(shares.blocked),
  },
  {
    title: "first",
    heading: "energy of ∂L/∂y",
    align: "right",
    cell: ({ shares }) => share(shares.first),
    dropAt: 2,
  },
  {
    title: "diag",
    heading: "energy of ∂L/∂y",
    align: "right",
    cell: ({ shares }) => share(shares.diag),
    dropAt: 2,
  },
  {
    title: "chance",
    heading: "energy of ∂L/∂y",
    align: "right",
    cell: ({ shares }) => share(shares.chance),
    dropAt: 1,
  },
  {
    title: "removed",
    heading: "weights below",
    align: "right",
    cell: ({ weights }) => share(weights?.removed),
  },
  {
    title: "chance",
    heading: "weights below",
    align: "right",
    cell: ({ weights }) => share(weights?.chance),
    dropAt: 1,
  },
  {
    title: "kept",
    heading: "weights below",
    align: "right",
    cell: ({ weights }) => share(weights?.kept),
    dropAt: 0.5,
  },
  {
    title: "cosine",
    heading: "weights below",
    align: "right",
    cell: ({ weights }) => cosine(weights?.cosine),
    dropAt: 3,
  },
  {
    title: "verdict",
    align: "left",
    cell: ({ verdict }) => `${verdictSigns[verdict]} ${verdict}`,
    style: ({ verdict }) => verdictStyles[verdict],
  },
];

const LEGEND =
  "blocked = first + diag: share of the gradient energy that normalization removes, along 1 (first) and along its output y (diag). chance: share that noise would lose; a number below its chance says nothing. removed, kept: length of the removed and of the remaining weight gradient, relative to the gradient with constant statistics. cosine: direction of the remaining gradient relative to that gradient. – stands for what is not measured.";

/**
 * Writes an audit report as a text table for a terminal: model and batch, one line for each layer,
 * the meaning, an explanation of each blind or dim layer, and warnings.
 * @param report - The report, from `auditModel`, `auditTrace` or `parseAuditReport`.
 * @param options - Colours and the widest line.
 * @returns The text, with a line break at the end. Control characters in names are replaced.
 * @example
 * ```ts
 * import { auditModel, auditTable } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * console.log(auditTable(report, { color: false }));
 * ```
 */
export function auditTable(report: AuditReport, options: TableOptions): string {
  const width = options.width ?? 100;
  const paint = painter(options);
  const blocks: string[] = [wrap(subject(report).map(unbroken).join(" · "), width)];
  if (report.batches !== null) blocks.push(...ofBatches(report, width, paint));

  if (report.layers.length > 0) {
    blocks.push(alignedTable(report.layers, columns, width, paint).join("\n"));
    blocks.push(paint("faint", wrap(LEGEND, width)));
  }
  if (report.layers.length > 0 || report.batches === null) {
    const [first, ...others] = findings(report);
    blocks.push(paint("bold", wrap(first, width)) + rest(others, width));
  }
  if (report.batches === null) blocks.push(...answers(report).map((line) => wrap(line, width)));

  blocks.push(...explained(flagged(report), width, paint));
  for (const layer of report.layers)
    if (layer.taylor) blocks.push(...expansion(layer, layer.taylor, width, paint));
  if (report.warnings.length > 0)
    blocks.push(report.warnings.map((line) => paint("yellow", wrap(line, width, "warning: "))).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

/** The answers about the batches, and how each layer's gradients agree. */
function ofBatches(report: AuditReport, width: number, paint: Paint): string[] {
  const [first, ...others] = answers(report);
  const table = agreementTable(report, width, paint);
  return [
    paint("bold", wrap(first, width)),
    others.map((line) => wrap(line, width, "  – ")).join("\n"),
    ...table,
    ...(report.layers.length === 0 ? [] : [paint("bold", wrap(whatIsHidden(report.batches), width))]),
  ].filter((block) => block !== "");
}

const termColumns: readonly Column<TermRow>[] = [
  { title: "term", align: "left", cell: ({ name, isShared }) => (isShared ? `  ${name}` : name) },
  { title: "∂/∂z", align: "right", cell: ({ gradient }) => gradient, dropAt: 1 },
  { title: "open", align: "right", cell: ({ open }) => open, dropAt: 2 },
  { title: "passed", align: "right", cell: ({ passed }) => passed, dropAt: 2 },
  { title: "through", align: "right", cell: ({ through }) => through },
];

/** The Taylor terms of the loss at one layer: title, table and legend. */
function expansion(layer: LayerReport, taylor: TaylorReport, width: number, paint: Paint): string[] {
  return [
    paint("bold", wrap(expansionInWords(layer, taylor), width)),
    alignedTable(termRows(taylor), termColumns, width, paint).join("\n"),
    paint("faint", wrap(TERMS_LEGEND, width)),
  ];
}

/** The title of the table of blocked shares in an audit of batches. */
const whatIsHidden = (batches: AuditReport["batches"]): string =>
  batches?.reference === "cuts"
    ? "What is hidden in one random batch of your samples:"
    : "What is hidden when all samples are one batch:";

const rest = (sentences: readonly string[], width: number): string =>
  sentences.length === 0 ? "" : `\n${wrap(sentences.join(" "), width)}`;

/** Why the layers are blind, dim or unmeasured and what to do about them, the worst layer first. */
function explained(layers: readonly LayerReport[], width: number, paint: Paint): string[] {
  const shown = layers.slice(0, EXPLAINED);
  const { own, shared } = explanations(shown);
  const blocks = own.map(({ layer: { name, verdict }, lines }) =>
    [
      paint(verdictStyles[verdict], wrap(name, width, `${verdictSigns[verdict]} `)),
      ...lines.map((line) => wrap(line, width, "  – ")),
    ].join("\n"),
  );
  for (const { layers, line } of shared)
    blocks.push(
      wrap(`${layers.length === shown.length ? "all of these" : layerNames(layers)}: ${line}`, width, "⇒ "),
    );
  if (layers.length > EXPLAINED)
    blocks.push(
      wrap(
        `… and ${plural(layers.length - EXPLAINED, "more layer")}; use -o report.html to read all explanations.`,
        width,
      ),
    );
  return blocks;
}
