import type { Verdict } from "../../audit/report/result.js";
import { type Html, html } from "./markup.js";

/**
 * The marks that charts and text use. Shapes tell them apart; colours only repeat the difference.
 */
export const markDefinitions: Html = html`<svg width="0" height="0" class="defs" aria-hidden="true"><defs>
<g id="m-blind"><circle r="5.5" class="v-blind fill"/></g>
<g id="m-dim"><circle r="5" class="v-dim ring"/><path d="M0-5A5 5 0 0 1 0 5Z" class="v-dim fill"/></g>
<g id="m-clear"><circle r="4.5" class="v-clear ring"/></g>
<g id="m-unmeasured"><path d="M-4-4L4 4M4-4L-4 4" class="v-unmeasured ring"/></g>
<g id="m-first"><path d="M-3.5-3.5h7v7h-7z" class="m-first"/></g>
<g id="m-diag"><path d="M0-4.4L4.2 3.2H-4.2Z" class="m-diag"/></g>
<g id="m-kept"><path d="M0-5.5L4.5 0L0 5.5L-4.5 0Z" class="m-kept"/></g>
<g id="m-below"><path d="M6-4L0 0L6 4" class="m-below"/></g>
</defs></svg>`;

/** Name of a mark. */
export type Mark = Verdict | "first" | "diag" | "kept" | "below";

/** Draws a mark centred at a place of a chart. */
export const mark = (name: Mark, x: string, y: number): Html =>
  html`<svg x="${x}" y="${y}" overflow="visible"><use href="#m-${name}"/></svg>`;

/** Draws a mark in running text. */
export const inlineMark = (name: Mark): Html =>
  html`<svg class="inline-mark" viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true"><use href="#m-${name}"/></svg>`;

/** Shows a verdict as mark and word. */
export const verdictBadge = (verdict: Verdict): Html =>
  html`<span class="verdict t-${verdict}">${inlineMark(verdict)} ${verdict}</span>`;
