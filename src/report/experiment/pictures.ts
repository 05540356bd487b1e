import type { Picture } from "../../experiments/result.js";
import { html } from "../html/markup.js";
import { conditionName, figure } from "./svg.js";

const GAP = 26;
const TOP = 66;
const COLUMNS = 2;

/** Size of a picture's pixel in the figure, in pixels. */
const ZOOM = 2;

/** Embeds pictures as PNG, with one panel for each condition. */
export function picturesFigure(pictures: readonly Picture[], title: string): string {
  const sizes = pictures.map(({ png }) => pngSize(png));
  const wide = ZOOM * Math.max(...sizes.map(([width]) => width));
  const high = ZOOM * Math.max(...sizes.map(([, height]) => height));
  const panels = pictures.map(({ png, ...condition }, i) => {
    const left = 16 + (i % COLUMNS) * (wide + GAP);
    const top = TOP + Math.floor(i / COLUMNS) * (high + GAP + 10);
    const [width, height] = sizes[i];
    return html`<g><text x="${left}" y="${top - 8}">${conditionName(condition)}</text><image x="${left}" y="${top}" width="${ZOOM * width}" height="${ZOOM * height}" href="data:image/png;base64,${png}" style="image-rendering:pixelated"/></g>`;
  });
  const lines = Math.ceil(pictures.length / COLUMNS);
  const width = 32 + Math.min(COLUMNS, pictures.length) * (wide + GAP) - GAP;
  return figure(width, TOP + lines * (high + GAP + 10) - 10, title, html`${panels}`);
}

/**
 * Reads width and height from the first chunk of a PNG. Source: PNG specification, IHDR.
 */
function pngSize(base64: string): [width: number, height: number] {
  const head = Uint8Array.from(atob(base64.slice(0, 32)), (c) => c.charCodeAt(0));
  const view = new DataView(head.buffer);
  return [view.getUint32(16), view.getUint32(20)];
}
