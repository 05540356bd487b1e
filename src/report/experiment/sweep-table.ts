import type { ClaimResult } from "../../experiments/result.js";
import type { CellResult, SweepResult } from "../../experiments/sweep/result.js";
import type { TableOptions } from "../audit-table.js";
import type { Column } from "../terminal/columns.js";
import { splitTable } from "../terminal/split-table.js";
import { painter } from "../terminal/style.js";
import { wrap } from "../terminal/text.js";
import { meanOf, relations, signs, styles } from "./outcomes.js";
import { conditionName } from "./svg.js";

const ABSENT = "–";

/**
 * Writes a sweep as text: one table for each quantity, with a line for each combination of settings
 * and a column for each condition; then the claims; then the failures.
 */
export function sweepTable(result: SweepResult, { color, width = 100 }: TableOptions): string {
  const paint = painter({ color });
  const { experiment, title, scale, seeds, cells, failures } = result;
  const varied = Object.keys(result.settings).filter((key) => result.settings[key].length > 1);
  const fixed = Object.entries(result.settings).filter(([key]) => !varied.includes(key));
  const settings: Column<CellResult> = {
    title: "settings",
    align: "left",
    cell: ({ overrides }) => varied.map((key) => `${key}=${overrides[key]}`).join(" ") || "as scaled",
  };

  const quantities = distinct(cells.flatMap(({ measurements }) => measurements.map((m) => m.quantity)));
  const tables = quantities.flatMap((quantity) => {
    const of = (cell: CellResult) => cell.measurements.filter((m) => m.quantity === quantity);
    const conditions = distinct(cells.flatMap((cell) => of(cell).map(conditionName)));
    const columns = conditions.map((condition): Column<CellResult> => {
      const found = (cell: CellResult) => of(cell).find((m) => conditionName(m) === condition);
      const cell = (row: CellResult) => {
        const measurement = found(row);
        return measurement ? meanOf(measurement) : ABSENT;
      };
      return { title: condition, align: "right", cell };
    });
    return [
      paint("bold", quantity),
      ...splitTable({ rows: cells, name: settings, others: columns }, width, paint),
      "",
    ];
  });

  const claims = new Map<string, ClaimResult>();
  for (const cell of cells)
    for (const claim of cell.claims) claims.set(claim.id, claims.get(claim.id) ?? claim);
  const decided = [...claims.keys()].map((id): Column<CellResult> => {
    const found = (cell: CellResult) => cell.claims.find((claim) => claim.id === id);
    return {
      title: id,
      align: "right",
      cell: (cell) => {
        const claim = found(cell);
        return claim ? `${signs[claim.outcome]} ${meanOf(claim)}` : ABSENT;
      },
      style: (cell) => {
        const claim = found(cell);
        return claim && styles[claim.outcome];
      },
    };
  });
  const statements = [...claims.values()].map(({ id, statement, measure, relation, bound }) =>
    wrap(`${id}: ${statement} Decided by ${measure}; claimed ${relations[relation]} ${bound}.`, width, "  "),
  );
  const blocks = [
    paint("bold", wrap(`sweep of ${experiment}: ${title}`, width)),
    paint(
      "faint",
      [
        `scale ${scale}`,
        ...fixed.map(([key, [value]]) => `${key} ${value}`),
        `seeds ${seeds.join(", ")}`,
      ].join(", "),
    ),
    "",
    ...tables,
    ...(claims.size === 0
      ? []
      : [
          `${paint("bold", "claims")} (✓ confirmed, ✗ not confirmed, ? undecided)`,
          ...splitTable({ rows: cells, name: settings, others: decided }, width, paint),
          ...statements,
        ]),
    ...failures.map(({ cell, norm, seed, message }) =>
      paint(
        "red",
        wrap(`${cell}${norm === null ? "" : `, norm=${norm}`}, seed=${seed}: ${message}`, width, "failed: "),
      ),
    ),
  ];
  return `${blocks.join("\n").trimEnd()}\n`;
}

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
