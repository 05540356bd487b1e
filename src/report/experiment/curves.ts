import type { Curve } from "../../experiments/result.js";
import { type Html, html } from "../html/markup.js";
import { columns, linearAxis, logAxis, type Panel, rows } from "./axes.js";
import { figure, px, seriesStyle } from "./svg.js";

const MARGIN = { left: 60, top: 88, right: 16, bottom: 40, gap: 56 };
const PANEL = { width: 240, height: 190 };
const COLUMNS = 4;
const LEGEND = { left: 16, entry: 130 };

/** A curve is drawn with at most this many points, each the mean of equally many steps. */
const POINTS = 80;

/**
 * Draws one quantity over the steps of training, or over the quantity that `across` names. There is
 * one panel for each group and one line for each series: the mean over the seeds, with a band from
 * the lowest to the highest seed. The vertical axis is logarithmic if the values span two decades.
 * Otherwise it is linear, and includes 0 if the horizontal axis shows steps.
 */
export function curvesFigure(curves: readonly Curve[], title: string): string {
  const thinned = curves.map(thin);
  const panels = [...new Set(thinned.map(({ group }) => group))];
  const series = [...new Set(thinned.map((curve) => curve.series))];
  const all = thinned.flatMap(({ values }) => values.flat());
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const width = Math.max(
    MARGIN.left + Math.min(panels.length, COLUMNS) * (PANEL.width + MARGIN.gap) - MARGIN.gap + MARGIN.right,
    LEGEND.left + (series.length > 1 ? series.length : 0) * LEGEND.entry,
  );
  const lines = Math.ceil(panels.length / COLUMNS);
  const height = MARGIN.top + lines * (PANEL.height + MARGIN.bottom + 30) - 10;
  const content = panels.map((name, i) => {
    const left = MARGIN.left + (i % COLUMNS) * (PANEL.width + MARGIN.gap);
    const top = MARGIN.top + Math.floor(i / COLUMNS) * (PANEL.height + MARGIN.bottom + 30);
    const panel = { ...PANEL, left, top };
    const own = thinned.filter((c) => c.group === name);
    return panelOf(name, panel, own, { low, high, series, across: curves[0].across });
  });
  return figure(width, height, title, html`${legend(series)}${content}`);
}

type Thinned = Omit<Curve, "quantity" | "across">;

/** The properties that all panels of a figure have in common. */
interface PanelOptions {
  /** Smallest value of all curves. */
  readonly low: number;
  /** Largest value of all curves. */
  readonly high: number;
  /** Names of all series; the place of a name decides the style of its line. */
  readonly series: readonly string[];
  /** Title of the horizontal axis; steps of training if undefined. */
  readonly across: string | undefined;
}

/** Replaces runs of steps by their mean, so that at most `POINTS` points remain. */
function thin({ group, series, steps, values }: Curve): Thinned {
  const stretch = Math.ceil(steps.length / POINTS);
  const average = (list: readonly number[]) =>
    Array.from({ length: Math.ceil(list.length / stretch) }, (_, i) => {
      const part = list.slice(i * stretch, (i + 1) * stretch);
      return part.reduce((a, b) => a + b, 0) / part.length;
    });
  return { group, series, steps: average(steps), values: values.map(average) };
}

function panelOf(
  name: string,
  panel: Panel,
  curves: readonly Thinned[],
  { low, high, series, across }: PanelOptions,
): Html {
  const { left, top, width, height } = panel;
  const last = Math.max(...curves.flatMap(({ steps }) => steps));
  const x = linearAxis({ low: 0, high: last, from: left, to: left + width }, 3);
  const pixels = { from: top + height, to: top };
  const y =
    low > 0 && high / low > 100
      ? logAxis({ low, high, ...pixels })
      : linearAxis({ low: across === undefined ? Math.min(0, low) : low, high, ...pixels });
  const drawn = curves.map(({ series: own, steps, values }) => {
    const style = seriesStyle(series, own);
    const points = (overSeeds: (values: number[]) => number) =>
      steps.map((step, i) => `${px(x.at(step))},${px(y.at(overSeeds(values.map((v) => v[i]))))}`);
    const mean = points((column) => column.reduce((a, b) => a + b, 0) / column.length);
    const [lowest, highest] = [points((c) => Math.min(...c)), points((c) => Math.max(...c))];
    return html`<polygon class="band ${style}" points="${[...lowest, ...highest.reverse()].join(" ")}"/><polyline class="line ${style}" points="${mean.join(" ")}"/>`;
  });
  return html`<g><text x="${left}" y="${top - 10}">${name}</text>${rows(panel, y)}${columns(panel, x)}${drawn}<text class="quiet" x="${left + width}" y="${top + height + 32}" text-anchor="end">${across ?? "steps"}</text></g>`;
}

/** Explains the lines if there is more than one series. */
const legend = (series: readonly string[]): Html =>
  html`${
    series.length < 2
      ? null
      : series.map((name, i) => {
          const x = LEGEND.left + i * LEGEND.entry;
          return html`<line class="line ${seriesStyle(series, name)}" x1="${x}" x2="${x + 26}" y1="46" y2="46"/><text x="${x + 32}" y="50">${name}</text>`;
        })
  }`;
