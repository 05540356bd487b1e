import type { LayerReport } from "../../audit/report/result.js";
import { type Html, html } from "./markup.js";

/**
 * A horizontal axis. Positions are percentages of its width, so charts can stretch without
 * stretching text.
 */
export interface Scale {
  /** The position of a value, such as `37.5%`. Values outside the axis are placed at its ends. */
  readonly at: (value: number) => string;
  /**
   * Tells whether a value lies below the axis. It is then drawn at the left end with the mark
   * `below`.
   */
  readonly isBelow: (value: number) => boolean;
  readonly ticks: readonly { readonly value: number; readonly label: Html | null }[];
}

const position = (fraction: number): string =>
  `${Number((Math.min(1, Math.max(0, fraction)) * 100).toFixed(3))}%`;

/** About the number of labels that fit a narrow chart. */
const LABELS = 4;

/** The axis goes no lower than 10^this: smaller shares are rounding errors. */
const LOWEST_DECADE = -8;

/**
 * The logarithmic axis of energy shares, the same for all charts of a page. It goes from the decade
 * below all chance levels and blocked shares to 1.
 */
export function shareScale(layers: readonly LayerReport[]): Scale {
  const smallest = Math.min(
    0.01,
    ...layers.flatMap(({ shares }) => [shares.chance, shares.blocked]).filter((share) => share > 0),
  );
  const decades = -Math.max(LOWEST_DECADE, Math.floor(Math.log10(smallest)));
  const low = 10 ** -decades;
  const step = Math.ceil(decades / LABELS);
  return {
    at: (value) => position(value <= low ? 0 : 1 + Math.log10(value) / decades),
    isBelow: (value) => value < low,
    ticks: Array.from({ length: decades + 1 }, (_, i) => decades - i).map((exponent) => ({
      value: 10 ** -exponent,
      label: exponent % step === 0 ? powerOfTen(exponent) : null,
    })),
  };
}

const powerOfTen = (exponent: number): Html =>
  exponent === 0 ? html`1` : html`10<tspan dy="-.4em" font-size=".75em">−${exponent}</tspan>`;

/**
 * The linear axis of lengths relative to ‖ΔW_open‖: from 0 to 1, or up to 2 if a layer exceeds 1.
 */
export function ratioScale(layers: readonly LayerReport[]): Scale {
  const largest = Math.max(
    1,
    ...layers.flatMap(({ weights }) => (weights ? [weights.removed, weights.kept] : [])),
  );
  const end = largest <= 1 ? 1 : Math.min(2, Math.ceil(largest * 4) / 4);
  const ticks = [0, 0.5, 1, 1.5, 2].filter((value) => value <= end);
  return {
    at: (value) => position(value / end),
    isBelow: () => false,
    ticks: ticks.map((value) => ({ value, label: html`${String(value)}` })),
  };
}

/** The linear axis of agreements, from 0 to 1. Negative values stand at its left end. */
export const unitScale = (): Scale => ({
  at: position,
  isBelow: (value) => value < 0,
  ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, label: html`${String(value)}` })),
});

/** Draws vertical lines at the ticks of a scale. */
export const gridLines = (scale: Scale): Html =>
  html`${scale.ticks.map(({ value }) => html`<line class="grid" x1="${scale.at(value)}" x2="${scale.at(value)}" y1="0" y2="100%"/>`)}`;

/**
 * Draws the labels of a scale, above or below a chart. The first and the last label stay within its
 * width.
 */
export const axis = (scale: Scale): Html =>
  html`<svg class="axis" width="100%" height="16" aria-hidden="true">${scale.ticks.map(
    ({ value, label }) =>
      label &&
      html`<text x="${scale.at(value)}" y="12" text-anchor="${anchor(scale.at(value))}">${label}</text>`,
  )}</svg>`;

function anchor(x: string): "start" | "middle" | "end" {
  return x === "0%" ? "start" : x === "100%" ? "end" : "middle";
}
