import type { LayerReport } from "../../audit/report/result.js";
import { type Html, html } from "./markup.js";

/** A horizontal axis. Positions are percentages of its width, so that charts stretch and text does not. */
export interface Scale {
  /** `37.5%`; values outside the axis stand at its ends. */
  readonly at: (value: number) => string;
  /** Whether a value lies below the axis and is drawn at its left end with another mark. */
  readonly isBelow: (value: number) => boolean;
  readonly ticks: readonly { readonly value: number; readonly label: Html | null }[];
}

const position = (fraction: number): string =>
  `${Number((Math.min(1, Math.max(0, fraction)) * 100).toFixed(3))}%`;

/** More labels than this run into each other on a narrow chart. */
const LABELS = 4;

/** Decades below which a share is rounding, not signal. */
const LOWEST_DECADE = -8;

/**
 * The logarithmic axis for energy shares: from the decade below every layer's chance level and blocked share
 * to 1, the same for all charts of a page.
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

/** The linear axis for lengths relative to the open gradient: from 0 to 1, or further where a layer needs it. */
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

/** Vertical lines at the ticks of a scale. */
export const gridLines = (scale: Scale): Html =>
  html`${scale.ticks.map(({ value }) => html`<line class="grid" x1="${scale.at(value)}" x2="${scale.at(value)}" y1="0" y2="100%"/>`)}`;

/** The labels of a scale, for above or below a chart; those at its ends stay inside. */
export const axis = (scale: Scale): Html =>
  html`<svg class="axis" width="100%" height="16" aria-hidden="true">${scale.ticks.map(
    ({ value, label }) =>
      label &&
      html`<text x="${scale.at(value)}" y="12" text-anchor="${anchor(scale.at(value))}">${label}</text>`,
  )}</svg>`;

function anchor(x: string): "start" | "middle" | "end" {
  return x === "0%" ? "start" : x === "100%" ? "end" : "middle";
}
