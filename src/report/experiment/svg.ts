import type { Condition } from "../../experiments/result.js";
import { type Html, html } from "../html/markup.js";

/** A letter of the title takes at most this many pixels. */
const LETTER = 8.5;

/**
 * Writes a complete SVG file. It is light or dark by the reader's setting, and its text can be
 * selected. It is at least `atLeast` pixels wide, and wide enough for its title.
 */
export function figure(atLeast: number, height: number, title: string, content: Html): string {
  const width = Math.max(atLeast, Math.ceil(32 + LETTER * title.length));
  return `${html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">
<title>${title}</title>
<style>${STYLE}</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="16" y="26">${title}</text>
${content}
</svg>`}\n`;
}

/** Number of colours for series and classes; further ones start again with the first. */
export const COLOURS = 10;

/**
 * The CSS classes of a series. Every second line is dashed, so that colours are not needed to tell
 * lines apart.
 */
export const seriesStyle = (all: readonly string[], one: string): string =>
  `s${all.indexOf(one) % COLOURS}${all.indexOf(one) % 2 === 1 ? " dashed" : ""}`;

/** The name of a condition: `bn`, or `bn, label` with a series. */
export const conditionName = ({ group, series }: Condition): string =>
  series === "" ? group : `${group}, ${series}`;

const STYLE = html`
.page{fill:#fff}text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:#1e2024}
.title{font-size:15px;font-weight:600}.quiet{fill:#5a5e66}.axis{stroke:#9a9fa8}.grid{stroke:#ebe8e2}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.band{opacity:.18;stroke:none}.mean{stroke-width:3}.dashed{stroke-dasharray:6 4}
.s0{stroke:#2b62a8;fill:#2b62a8}.s1{stroke:#ad2a1c;fill:#ad2a1c}.s2{stroke:#2c6e5d;fill:#2c6e5d}.s3{stroke:#8550a8;fill:#8550a8}
.s4{stroke:#8a5a00;fill:#8a5a00}.s5{stroke:#5a5e66;fill:#5a5e66}.s6{stroke:#c2577e;fill:#c2577e}.s7{stroke:#1b8a9e;fill:#1b8a9e}
.s8{stroke:#6b8e23;fill:#6b8e23}.s9{stroke:#d2691e;fill:#d2691e}.line{fill:none}.dot{stroke:none;opacity:.75}
@media (prefers-color-scheme:dark){.page{fill:#15171a}text{fill:#e7e5e0}.quiet{fill:#a4a8af}.axis{stroke:#6b7079}.grid{stroke:#282c31}
.s0{stroke:#86b4f0;fill:#86b4f0}.s1{stroke:#ff8d7c;fill:#ff8d7c}.s2{stroke:#7cc8af;fill:#7cc8af}.s3{stroke:#c9a0e6;fill:#c9a0e6}
.s4{stroke:#e6b452;fill:#e6b452}.s5{stroke:#a4a8af;fill:#a4a8af}.line{fill:none}.dot{stroke:none}}`;

/** Rounds a pixel position to one decimal. */
export const px = (value: number): number => Math.round(value * 10) / 10;
