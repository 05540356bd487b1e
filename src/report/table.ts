import type { AuditReport, LayerReport, TaylorReport } from "../audit/report/result.js";
import { cosine, plural, share, shortOp } from "./format.js";
import { expansionInWords, TERMS_LEGEND, type TermRow, termRows } from "./taylor.js";
import { alignedTable, type Column } from "./terminal/columns.js";
import { type Paint, painter, verdictSigns, verdictStyles } from "./terminal/style.js";
import { unbroken, wrap } from "./terminal/text.js";
import { explanations, findings, flagged, layerNames, subject } from "./words.js";

export interface TableOptions {
  /** ANSI colours; the text says the same without them. */
  readonly color: boolean;
  /** Terminal columns to fit into, 100 unless given. */
  readonly width?: number;
}

/** Explanations of so many layers fit a terminal; the HTML report has them all. */
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
  { title: "kept", heading: "weights below", align: "right", cell: ({ weights }) => share(weights?.kept) },
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
  "blocked = first + diag: share of the gradient that normalization removes, along 1 and along its output y; chance = what noise would lose. removed, kept: length of the lost and of the remaining weight gradient, relative to the whole.";

/** The report for a terminal: what was measured, one line a layer, what it means, what to do, warnings. */
export function auditTable(report: AuditReport, options: TableOptions): string {
  const width = options.width ?? 100;
  const paint = painter(options.color);
  const blocks: string[] = [wrap(subject(report).map(unbroken).join(" · "), width)];

  if (report.layers.length > 0) {
    blocks.push(alignedTable(report.layers, columns, width, paint).join("\n"));
    blocks.push(paint("faint", wrap(LEGEND, width)));
  }
  blocks.push(paint("bold", wrap(findings(report)[0], width)) + rest(findings(report).slice(1), width));

  blocks.push(...explained(flagged(report), width, paint));
  for (const layer of report.layers)
    if (layer.taylor) blocks.push(...expansion(layer, layer.taylor, width, paint));
  if (report.warnings.length > 0)
    blocks.push(report.warnings.map((line) => paint("yellow", wrap(line, width, "warning: "))).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

const termColumns: readonly Column<TermRow>[] = [
  { title: "term", align: "left", cell: ({ name, isShared }) => (isShared ? `  ${name}` : name) },
  { title: "∂/∂z", align: "right", cell: ({ gradient }) => gradient, dropAt: 1 },
  { title: "open", align: "right", cell: ({ open }) => open, dropAt: 2 },
  { title: "passed", align: "right", cell: ({ passed }) => passed, dropAt: 2 },
  { title: "through", align: "right", cell: ({ through }) => through },
];

/** The Taylor terms of the loss at one layer. */
function expansion(layer: LayerReport, taylor: TaylorReport, width: number, paint: Paint): string[] {
  return [
    paint("bold", wrap(expansionInWords(layer, taylor), width)),
    alignedTable(termRows(taylor), termColumns, width, paint).join("\n"),
    paint("faint", wrap(TERMS_LEGEND, width)),
  ];
}

const rest = (sentences: readonly string[], width: number): string =>
  sentences.length === 0 ? "" : `\n${wrap(sentences.join(" "), width)}`;

/** Why the layers are blind or dim and what to do, the worst first. */
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
        `… ${plural(layers.length - EXPLAINED, "more layer")} blind or dim: -o report.html explains them all.`,
        width,
      ),
    );
  return blocks;
}
