import type { Cloud } from "../../experiments/result.js";
import { html } from "../html/markup.js";
import { COLOURS, conditionName, figure, px } from "./svg.js";

const SIDE = 210;
const GAP = 22;
const TOP = 66;
const COLUMNS = 4;

/**
 * A panel shows this many units to each side of 0; the unit is the standard deviation along the
 * axis that varies more. Points further out are drawn at the edge.
 */
const REACH = 2.5;

/** Draws features in a plane: one panel for each condition, one colour for each class. */
export function cloudsFigure(clouds: readonly Cloud[], title: string): string {
  const panels = clouds.map(({ points, labels, ...condition }, i) => {
    const left = 16 + (i % COLUMNS) * (SIDE + GAP);
    const top = TOP + Math.floor(i / COLUMNS) * (SIDE + GAP + 20);
    const place = (value: number) => SIDE / 2 + (Math.max(-1, Math.min(1, value / REACH)) * (SIDE - 10)) / 2;
    const dots = points.map(
      ([x, y], k) =>
        html`<circle class="dot s${labels[k] % COLOURS}" cx="${px(left + place(x))}" cy="${px(top + place(y))}" r="2.6"/>`,
    );
    return html`<g><text x="${left}" y="${top - 8}">${conditionName(condition)}</text><rect class="axis" fill="none" x="${left}" y="${top}" width="${SIDE}" height="${SIDE}"/>${dots}</g>`;
  });
  const lines = Math.ceil(clouds.length / COLUMNS);
  const width = 32 + Math.min(COLUMNS, clouds.length) * (SIDE + GAP) - GAP;
  return figure(width, TOP + lines * (SIDE + GAP + 20) - 10, title, html`${panels}`);
}
