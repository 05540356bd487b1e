import { printable } from "../format.js";
import type { Paint, Style } from "./style.js";
import { padEnd, padStart, shortenNames, width } from "./text.js";

export interface Column<Row> {
  readonly title: string;
  /** Neighbouring columns with the same heading share one line above their titles. */
  readonly heading?: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
  readonly style?: (row: Row) => Style | undefined;
  /**
   * If lines are too long, the columns with the highest number are left out first; without a
   * number, a column stays.
   */
  readonly dropAt?: number;
}

/** Columns are left out before the first column gets narrower than this. */
const NARROWEST_NAME = 24;
/** Spaces between columns. */
export const GAP = 2;

/**
 * Writes rows as aligned text of at most `columns` terminal columns: headings, titles, one line for
 * each row. The names in the first column are shortened to the space that the other columns leave.
 * If that space is too small, droppable columns are left out.
 */
export function alignedTable<Row>(
  rows: readonly Row[],
  allColumns: readonly Column<Row>[],
  columns: number,
  paint: Paint,
): string[] {
  let shown = [...allColumns];
  const cells = new Map(shown.map((column) => [column, rows.map((row) => printable(column.cell(row)))]));
  const cellsOf = (column: Column<Row>): string[] => cells.get(column) ?? [];
  const natural = (column: Column<Row>): number =>
    Math.max(width(column.title), ...cellsOf(column).map(width));
  const left = () => columns - shown.slice(1).reduce((sum, column) => sum + GAP + natural(column), 0);
  while (left() < Math.min(NARROWEST_NAME, natural(shown[0]))) {
    const last = Math.max(...shown.map((column) => column.dropAt ?? 0));
    if (last === 0) break;
    shown = shown.filter((column) => column.dropAt !== last);
  }

  const name = shown[0];
  const nameWidth = Math.max(width(name.title), Math.min(natural(name), left()));
  const widths = shown.map((column) => (column === name ? nameWidth : natural(column)));
  const names = shortenNames(cellsOf(name), nameWidth);
  const align = (text: string, i: number): string =>
    (shown[i].align === "left" ? padEnd : padStart)(text, widths[i]);

  const lines = [
    headings(shown, widths).trimEnd(),
    shown
      .map((column, i) => align(column.title, i))
      .join(" ".repeat(GAP))
      .trimEnd(),
  ].filter((line) => line !== "");
  for (const [r, row] of rows.entries()) {
    const line = shown.map((column, i) => {
      const aligned = align(column === name ? names[r] : cellsOf(column)[r], i);
      const style = column.style?.(row);
      // A painted cell ends with an escape code, so its trailing spaces must go before it is
      // painted.
      const cell = i === shown.length - 1 ? aligned.trimEnd() : aligned;
      return style === undefined ? cell : paint(style, cell);
    });
    lines.push(line.join(" ".repeat(GAP)).trimEnd());
  }
  return lines.map((line, i) => (i < lines.length - rows.length ? paint("faint", line) : line));
}

/** Writes the line above the titles: each heading centred in a rule over its columns. */
function headings<Row>(shown: readonly Column<Row>[], widths: readonly number[]): string {
  let line = "";
  for (let i = 0; i < shown.length; ) {
    const { heading } = shown[i];
    let end = i + 1;
    while (heading !== undefined && shown[end]?.heading === heading) end++;
    const span = widths.slice(i, end).reduce((sum, w) => sum + w + GAP, -GAP);
    line += heading === undefined || span < heading.length + 2 ? " ".repeat(span) : ruled(heading, span);
    line += " ".repeat(GAP);
    i = end;
  }
  return line;
}

function ruled(text: string, span: number): string {
  const rest = span - text.length - 2;
  return `${"─".repeat(Math.floor(rest / 2))} ${text} ${"─".repeat(Math.ceil(rest / 2))}`;
}
