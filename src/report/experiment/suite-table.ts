import type { ClaimResult, SuiteMember, SuiteResult } from "../../experiments/result.js";
import type { TableOptions } from "../audit-table.js";
import { duration, plural, significant } from "../format.js";
import { alignedTable, type Column } from "../terminal/columns.js";
import { painter } from "../terminal/style.js";
import { wrap } from "../terminal/text.js";
import { meanOf, relations, signs, styles } from "./outcomes.js";

type Row = ClaimResult & Pick<SuiteMember, "name">;

const columns: readonly Column<Row>[] = [
  { title: "claim", align: "left", cell: ({ id }) => id },
  { title: "experiment", align: "left", cell: ({ name }) => name, dropAt: 3 },
  { title: "result", align: "right", cell: meanOf, dropAt: 1 },
  {
    title: "95 %",
    align: "left",
    cell: ({ interval }) => (interval === null ? "" : interval.map((v) => significant(v, 3)).join(" … ")),
    dropAt: 4,
  },
  {
    title: "claimed",
    align: "right",
    cell: ({ relation, bound }) => `${relations[relation]} ${bound}`,
    dropAt: 2,
  },
  {
    title: "outcome",
    align: "left",
    cell: ({ outcome }) => `${signs[outcome]} ${outcome}`,
    style: ({ outcome }) => styles[outcome],
  },
];

/** Counts the claims by outcome: `8 confirmed, 1 undecided`. */
export function tally(claims: readonly Pick<ClaimResult, "outcome">[]): string {
  const outcomes = ["confirmed", "not confirmed", "undecided"] as const;
  return outcomes
    .map((outcome) => [claims.filter((claim) => claim.outcome === outcome).length, outcome] as const)
    .filter(([count]) => count > 0)
    .map(([count, outcome]) => `${count} ${outcome}`)
    .join(", ");
}

/** Writes the claims of all experiments as a text table, and the failures. */
export function suiteTable({ scale, seeds, experiments }: SuiteResult, options: TableOptions): string {
  const { width = 100 } = options;
  const paint = painter(options);
  const rows = experiments.flatMap(({ name, claims }) => claims.map((claim) => ({ ...claim, name })));
  const elapsed = experiments.reduce((total, { elapsedMs }) => total + elapsedMs, 0);
  const failed = experiments.flatMap(({ name, failure }) => (failure ? [{ name, ...failure }] : []));
  const blocks = [
    paint(
      "bold",
      wrap(`${plural(experiments.length, "experiment")} at scale ${scale}, seeds ${seeds.join(", ")}`, width),
    ),
    "",
    ...(rows.length === 0 ? [] : [...alignedTable(rows, columns, width, paint), ""]),
    wrap(
      `${plural(rows.length, "claim")}${rows.length === 0 ? "" : `: ${tally(rows)}`}; ${duration(elapsed)}`,
      width,
    ),
    ...failed.map(({ name, message, exitCode }) =>
      paint("red", wrap(`${name}: ${message} (exit code ${exitCode})`, width, "failed: ")),
    ),
  ];
  return `${blocks.join("\n")}\n`;
}
