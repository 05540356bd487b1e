import type { Picture } from "../../experiments/result.js";
import { html } from "../html/markup.js";
import { conditionName, figure } from "./svg.js";

const GAP = 26;
const TOP = 66;
const COLUMNS = 2;

/** Pixels of a figure for a pixel of a picture. */
const ZOOM = 2;

/** Pictures as they are, a panel for each condition, embedded as PNG. */
export function picturesFigure(pictures: readonly Picture[], title: string): string {
  const sizes = pictures.map(({ png }) => pngSize(png));
  const [wide, high] = [0, 1].map((i) => ZOOM * Math.max(...sizes.map((size) => size[i]))) as [
    number,
    number,
  ];
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

/** Width and height of a PNG, which stand in its first chunk. Source: PNG specification, section 11.2.1. */
function pngSize(base64: string): [width: number, height: number] {
  const head = Uint8Array.from(atob(base64.slice(0, 32)), (c) => c.charCodeAt(0));
  const view = new DataView(head.buffer);
  return [view.getUint32(16), view.getUint32(20)];
}
