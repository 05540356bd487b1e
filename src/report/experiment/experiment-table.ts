import type { ClaimResult, Estimate, ExperimentResult } from "../../experiments/result.js";
import type { TableOptions } from "../audit-table.js";
import { duration, significant } from "../format.js";
import { alignedTable, type Column } from "../terminal/columns.js";
import { painter } from "../terminal/style.js";
import { wrap } from "../terminal/text.js";
import { meanOf, relations, signs, styles } from "./outcomes.js";
import { conditionName } from "./svg.js";

const columns: readonly Column<Estimate>[] = [
  { title: "condition", align: "left", cell: conditionName },
  { title: "quantity", align: "left", cell: ({ quantity }) => quantity },
  { title: "mean ± deviation", align: "right", cell: meanOf },
];

/**
 * Writes a result as text: a table of the numbers, then each claim with the numbers that decide it.
 */
export function experimentTable(result: ExperimentResult, { color, width = 100 }: TableOptions): string {
  const paint = painter({ color });
  const { experiment, scale, seeds, claims, measurements, title, trainingMs } = result;
  const blocks = [
    `${paint("bold", experiment)}: ${title}`,
    paint("faint", `scale ${scale}, seeds ${seeds.join(", ")}, training ${duration(trainingMs)}`),
    "",
    ...alignedTable(measurements, columns, width, paint),
    "",
    ...claims.flatMap((claim) =>
      claimLines(claim, width).map((line, i) => (i === 0 ? paint(styles[claim.outcome], line) : line)),
    ),
  ];
  return `${blocks.join("\n")}\n`;
}

function claimLines(claim: ClaimResult, width: number): string[] {
  const { interval, relation, bound, measure, outcome, statement } = claim;
  const range =
    interval === null
      ? "undecided with one seed"
      : `95 % between ${interval.map((v) => significant(v, 3)).join(" and ")}`;
  return [
    `${signs[outcome]} ${outcome}`,
    wrap(statement, width, "  "),
    wrap(`${measure}: ${meanOf(claim)}, ${range}; claimed ${relations[relation]} ${bound}`, width, "    "),
  ];
}
