import type { Estimate } from "../../experiments/result.js";
import { html } from "../html/markup.js";
import { linearAxis, logAxis } from "./axes.js";
import { COLOURS, conditionName, figure, px } from "./svg.js";

const WIDTH = 520;
const ROW = 26;
const TOP = 48;

/** Pixels for the names of the conditions: LETTER for each letter, but at least MARGIN. */
const MARGIN = 130;
const LETTER = 6.3;

/**
 * Draws one quantity, with one row for each condition: a dot for each seed and a bar at their mean.
 */
export function dotsFigure(measurements: readonly Estimate[], title: string): string {
  const all = measurements.flatMap(({ values }) => values);
  const longest = Math.max(...measurements.map((m) => conditionName(m).length));
  const left = Math.max(MARGIN, 28 + Math.ceil(LETTER * longest));
  const right = left + WIDTH;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  // Zeros do not rule out a logarithmic axis; they are drawn at its low end.
  const smallest = Math.min(...all.filter((value) => value > 0));
  const x =
    low >= 0 && high / smallest > 100
      ? logAxis({ low: smallest, high, from: left, to: right })
      : linearAxis({ low: Math.min(0, low), high, from: left, to: right }, 6);
  const bottom = TOP + measurements.length * ROW;
  const grid = x.ticks.map(
    ({ at, label }) =>
      html`<line class="grid" x1="${px(at)}" x2="${px(at)}" y1="${TOP - 8}" y2="${bottom}"/><text class="quiet" x="${px(at)}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
  );
  const series = [...new Set(measurements.map((m) => m.series))];
  const lines = measurements.map(({ values, mean, ...condition }, i) => {
    const y = TOP + i * ROW + 10;
    const style = `s${series.indexOf(condition.series) % COLOURS}`;
    return html`<text x="${left - 12}" y="${y + 4}" text-anchor="end">${conditionName(condition)}</text>${values.map(
      (value) => html`<circle class="dot ${style}" cx="${px(x.at(value))}" cy="${y}" r="4.5"/>`,
    )}<line class="mean ${style}" x1="${px(x.at(mean))}" x2="${px(x.at(mean))}" y1="${y - 9}" y2="${y + 9}"/>`;
  });
  return figure(right + 30, bottom + 30, title, html`${grid}${lines}`);
}
