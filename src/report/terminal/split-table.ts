import { alignedTable, type Column, GAP } from "./columns.js";
import type { Paint } from "./style.js";
import { width } from "./text.js";

/** A table that may be split. */
export interface WideTable<Row> {
  readonly rows: readonly Row[];
  /** The first column. Every part of the table repeats it. */
  readonly name: Column<Row>;
  /** The other columns. */
  readonly others: readonly Column<Row>[];
}

/**
 * Writes a table of at most `columns` terminal columns. Columns that do not fit beside the first
 * one follow in further tables below.
 */
export function splitTable<Row>(
  { rows, name, others }: WideTable<Row>,
  columns: number,
  paint: Paint,
): string[] {
  const natural = ({ title, cell }: Column<Row>) =>
    Math.max(width(title), ...rows.map((row) => width(cell(row))));
  const lines: string[] = [];
  let [fitting, left]: [Column<Row>[], number] = [[], 0];
  const flush = () => {
    if (fitting.length > 0) lines.push(...alignedTable(rows, [name, ...fitting], columns, paint));
    [fitting, left] = [[], columns - natural(name)];
  };
  flush();
  for (const column of others) {
    if (GAP + natural(column) > left) flush();
    left -= GAP + natural(column);
    fitting.push(column);
  }
  flush();
  return lines;
}
