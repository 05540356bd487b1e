import type { Curve } from "../../experiments/result.js";
import { type Html, html } from "../html/markup.js";
import { columns, linearAxis, logAxis, type Panel, rows } from "./axes.js";
import { figure, px, seriesStyle } from "./svg.js";

const MARGIN = { left: 60, top: 88, right: 16, bottom: 40, gap: 56 };
const PANEL = { width: 240, height: 190 };
const COLUMNS = 4;
const LEGEND = { left: 16, entry: 130 };

/** At most so many points are drawn of a curve: the means of equal stretches of steps. */
const POINTS = 80;

/**
 * One quantity over the steps of training, or over what `across` names. A panel for each group, a line for each series: the
 * mean over the seeds, with a band from the lowest to the highest. A logarithmic axis where the values span two decades;
 * else the axis starts from 0, but where nothing is trained along it.
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
    return panelOf(
      name,
      panel,
      thinned.filter((c) => c.group === name),
      series,
      { low, high, across: curves[0].across },
    );
  });
  return figure(width, height, title, html`${legend(series)}${content}`);
}

type Thinned = Omit<Curve, "quantity" | "across">;

/** What all panels share. */
interface Scales {
  readonly low: number;
  readonly high: number;
  readonly across: string | undefined;
}

/** Averages stretches of steps. */
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
  series: readonly string[],
  { low, high, across }: Scales,
): Html {
  const { left, top, width, height } = panel;
  const last = Math.max(...curves.flatMap(({ steps }) => steps));
  const x = linearAxis(0, last, left, left + width, 3);
  const axis = low > 0 && high / low > 100 ? logAxis : linearAxis;
  const y = axis(
    axis === linearAxis && across === undefined ? Math.min(0, low) : low,
    high,
    top + height,
    top,
  );
  const drawn = curves.map(({ series: own, steps, values }) => {
    const style = seriesStyle(series, own);
    const across = (pick: (column: number[]) => number) =>
      steps.map((step, i) => `${px(x.at(step))},${px(y.at(pick(values.map((v) => v[i]))))}`);
    const mean = across((column) => column.reduce((a, b) => a + b, 0) / column.length);
    const [lowest, highest] = [across((c) => Math.min(...c)), across((c) => Math.max(...c))];
    return html`<polygon class="band ${style}" points="${[...lowest, ...highest.reverse()].join(" ")}"/><polyline class="line ${style}" points="${mean.join(" ")}"/>`;
  });
  return html`<g><text x="${left}" y="${top - 10}">${name}</text>${rows(panel, y)}${columns(panel, x)}${drawn}<text class="quiet" x="${left + width}" y="${top + height + 32}" text-anchor="end">${across ?? "steps"}</text></g>`;
}

/** What the lines mean, where there is more than one kind. */
const legend = (series: readonly string[]): Html =>
  html`${
    series.length < 2
      ? null
      : series.map((name, i) => {
          const x = LEGEND.left + i * LEGEND.entry;
          return html`<line class="line ${seriesStyle(series, name)}" x1="${x}" x2="${x + 26}" y1="46" y2="46"/><text x="${x + 32}" y="50">${name}</text>`;
        })
  }`;
