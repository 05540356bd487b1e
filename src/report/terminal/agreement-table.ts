import type { AgreementReport, AuditReport } from "../../audit/report/result.js";
import { cosine } from "../format.js";
import { alignedTable, type Column } from "./columns.js";
import type { Paint } from "./style.js";
import { wrap } from "./text.js";

/** One line of the table: a layer, or the whole network. */
interface AgreementRow {
  readonly name: string;
  readonly agreement: AgreementReport | null;
}

/** Places of the axis from 0 to 1. */
const PLACES = 25;

/** The columns; the largest composition effect, `worst`, is bold. */
const columnsFor = (worst: number): readonly Column<AgreementRow>[] => [
  { title: "weights below", align: "left", cell: ({ name }) => name },
  { title: "yours", heading: "agreement", align: "right", cell: ({ agreement }) => cosine(agreement?.value) },
  {
    title: "shuffled",
    heading: "agreement",
    align: "right",
    cell: ({ agreement }) =>
      agreement === null
        ? cosine(null)
        : `${cosine(agreement.shuffled.mean)} ± ${cosine(agreement.shuffled.sd)}`,
  },
  {
    title: "composition",
    heading: "effect of",
    align: "right",
    cell: ({ agreement }) => cosine(agreement?.compositionEffect),
    style: ({ agreement }) => (agreement?.compositionEffect === worst ? "bold" : undefined),
  },
  {
    title: "size",
    heading: "effect of",
    align: "right",
    cell: ({ agreement }) => cosine(agreement?.sizeEffect),
    dropAt: 2,
  },
  { title: "gain", align: "right", cell: ({ agreement }) => cosine(agreement?.gain), dropAt: 3 },
  { title: axisTitle(), align: "left", cell: ({ agreement }) => axis(agreement), dropAt: 4 },
];

const LEGEND =
  "agreement: cosine between the mean gradient of batches and the gradient of all samples together, for the weights below the layer; 1 where batches change nothing. ● your batches, ○ random batches of the same sizes, with their spread ─. composition: shuffled − yours. size: 1 − shuffled. gain: length of the mean gradient relative to the other.";

/** How the gradients of the batches agree, one line for each layer, and for the whole network. */
export function agreementTable({ layers, batches }: AuditReport, width: number, paint: Paint): string[] {
  const network = batches?.network ?? null;
  const rows: readonly AgreementRow[] = [...layers, { name: "the whole network", agreement: network }];
  const worst = Math.max(...rows.map(({ agreement }) => agreement?.compositionEffect ?? 0));
  return [
    alignedTable(rows, columnsFor(worst), width, paint).join("\n"),
    paint("faint", wrap(LEGEND, width)),
  ];
}

function axisTitle(): string {
  return `0${" ".repeat(PLACES - 2)}1`;
}

/**
 * Draws an agreement on the axis from 0 to 1:
 *
 * ```
 * ●·················──○──··
 * ```
 */
function axis(agreement: AgreementReport | null): string {
  if (agreement === null) return "";
  const { value, shuffled } = agreement;
  const marks = new Array<string>(PLACES).fill("·");
  for (let i = place(shuffled.mean - shuffled.sd); i <= place(shuffled.mean + shuffled.sd); i++)
    marks[i] = "─";
  marks[place(shuffled.mean)] = "○";
  marks[place(value)] = "●";
  return marks.join("");
}

/** The place of a value on the axis; values below 0 stand at 0. */
const place = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * (PLACES - 1));
