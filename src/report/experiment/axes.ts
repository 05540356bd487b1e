import { type Html, html } from "../html/markup.js";
import { px } from "./svg.js";

/** A rectangle of a figure, in pixels. */
export interface Panel {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** An axis of a figure: maps values to pixels and has labelled ticks. */
export interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** The values an axis covers and the pixels it takes. */
export interface AxisRange {
  /** Smallest value. */
  readonly low: number;
  /** Largest value. */
  readonly high: number;
  /** Pixel of the low end. */
  readonly from: number;
  /** Pixel of the high end. */
  readonly to: number;
}

/**
 * A linear axis whose ends are round numbers at or beyond `low` and `high`, with about `steps`
 * steps. If `low` equals `high`, the range is widened.
 */
export function linearAxis({ low, high, from, to }: AxisRange, steps = 4): Axis {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const rough = span / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
  // The tolerance is needed because 0.6/0.2 is slightly less than 3 in floating point.
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil((low + span) / step - 1e-9);
  const at = (value: number) => from + ((value / step - first) / (last - first)) * (to - from);
  return {
    at,
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step).map((value) => ({
      at: at(value),
      label: String(Number(value.toPrecision(6))),
    })),
  };
}

/**
 * A logarithmic axis over whole decades, for positive `low` and `high`. Smaller values are drawn at
 * its low end.
 */
export function logAxis({ low, high, from, to }: AxisRange): Axis {
  const first = Math.floor(Math.log10(low));
  const last = Math.max(first + 1, Math.ceil(Math.log10(high)));
  const place = (exponent: number) => from + ((exponent - first) / (last - first)) * (to - from);
  const step = Math.ceil((last - first) / 5);
  const ticks = [];
  for (let exponent = first; exponent <= last; exponent += step)
    ticks.push({ at: place(exponent), label: exponentLabel(exponent) });
  return { at: (value) => place(Math.max(first, Math.log10(value))), ticks };
}

const exponentLabel = (exponent: number): string =>
  exponent >= -2 && exponent <= 3 ? String(Number((10 ** exponent).toPrecision(1))) : `1e${exponent}`;

/** Draws horizontal lines at the ticks of a vertical axis, with labels to the left. */
export const rows = ({ left, width }: Panel, { ticks }: Axis): Html =>
  html`${ticks.map(
    ({ at, label }) =>
      html`<line class="grid" x1="${left}" x2="${left + width}" y1="${px(at)}" y2="${px(at)}"/><text class="quiet" x="${left - 6}" y="${px(at + 4)}" text-anchor="end">${label}</text>`,
  )}`;

/** Draws a horizontal axis below a panel: its line and its labels. */
export const columns = ({ left, top, width, height }: Panel, { ticks }: Axis): Html =>
  html`<line class="axis" x1="${left}" x2="${left + width}" y1="${top + height}" y2="${top + height}"/>${ticks.map(
    ({ at, label }) =>
      html`<text class="quiet" x="${px(at)}" y="${top + height + 16}" text-anchor="middle">${label}</text>`,
  )}`;
