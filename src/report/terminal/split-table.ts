import { alignedTable, type Column } from "./columns.js";
import type { Paint } from "./style.js";
import { width } from "./text.js";

/** Between columns, as `alignedTable` sets them. */
const GAP = 2;

/** A table of at most `columns` terminal columns; what does not fit beside `name` follows as another table below. */
export function splitTable<Row>(
  rows: readonly Row[],
  name: Column<Row>,
  others: readonly Column<Row>[],
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
