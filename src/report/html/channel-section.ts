import type { LayerReport } from "../../audit/report/result.js";
import { count, plural, share } from "../format.js";
import { type Html, html } from "./markup.js";
import { axis, gridLines, type Scale } from "./scale.js";

/**
 * A layer may have thousands of channels. The page shows their distribution and lists this many.
 */
const LISTED = 10;
const BINS_PER_TICK = 4;
const HEIGHT = 88;

interface Channel {
  readonly index: number;
  readonly blocked: number;
  readonly first: number;
  readonly diag: number;
  /** Share of the layer's gradient energy that arrives at this channel. */
  readonly weight: number;
}

/**
 * Shows how the blocked share is distributed over the channels (samples, groups) of a layer, and
 * lists those that lose most.
 */
export function channelSection(layer: LayerReport, scale: Scale): Html {
  const channels = channelsWithGradient(layer);
  const unit = layer.groupedBy;
  const silent = layer.channels.energy.length - channels.length;
  if (channels.length === 0) return html`<p class="quiet">No gradient reaches any ${unit} of this layer.</p>`;
  const shares = channels.map(({ blocked }) => blocked).sort((a, b) => a - b);
  const quantiles = [
    ["lowest", 0],
    ["quarter", 0.25],
    ["median", 0.5],
    ["three quarters", 0.75],
    ["highest", 1],
  ] as const;
  return html`
<h4>Blocked share of each ${unit}</h4>
${histogram(shares, layer.shares.chance, unit, scale)}
<dl class="quantiles">${quantiles.map(([name, q]) => html`<div><dt>${name}</dt><dd>${share(quantile(shares, q))}</dd></div>`)}</dl>
${silent > 0 && html`<p class="quiet">${plural(silent, unit)} of ${count(layer.channels.energy.length)} ${silent === 1 ? "gets no gradient and is" : "get no gradient and are"} left out.</p>`}
${topChannels(channels, unit)}`;
}

function channelsWithGradient({ channels, energy }: LayerReport): Channel[] {
  return channels.energy.flatMap((e, index) => {
    if (e <= 0) return [];
    const [first, diag] = [channels.first[index] / e, channels.diag[index] / e];
    return [{ index, first, diag, blocked: first + diag, weight: energy.total === 0 ? 0 : e / energy.total }];
  });
}

/** The quantile `q` of sorted values, interpolated linearly. */
function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

function histogram(shares: readonly number[], chance: number, unit: string, scale: Scale): Html {
  const bins = (scale.ticks.length - 1) * BINS_PER_TICK;
  const counts = new Array<number>(bins).fill(0);
  for (const value of shares)
    counts[Math.min(bins - 1, Math.floor((Number.parseFloat(scale.at(value)) / 100) * bins))]++;
  const highest = Math.max(...counts);
  const bars = counts.map((n, i) => {
    const height = (n / highest) * (HEIGHT - 6);
    return n === 0
      ? null
      : html`<rect class="bin" x="${((i / bins) * 100).toFixed(2)}%" width="${(92 / bins).toFixed(2)}%" y="${(HEIGHT - Math.max(2, height)).toFixed(1)}" height="${Math.max(2, height).toFixed(1)}"/>`;
  });
  const median = share(quantile(shares, 0.5));
  const x = scale.at(chance);
  return html`<figure class="histogram">
<svg width="100%" height="${HEIGHT}" role="img" aria-label="Histogram of the blocked share of ${plural(shares.length, unit)}: from ${share(shares[0])} to ${share(shares.at(-1))}, median ${median}, chance level ${share(chance)}">${gridLines(scale)}${bars}<line class="chance" x1="${x}" x2="${x}" y1="0" y2="100%"/></svg>
${axis(scale)}
<figcaption>Number of ${unit}s by blocked share. The tallest bar stands for ${plural(highest, unit)}; the line marks the chance level.</figcaption>
</figure>`;
}

function topChannels(channels: readonly Channel[], unit: string): Html {
  const lost = ({ weight, blocked }: Channel) => weight * blocked;
  const top = channels.toSorted((a, b) => lost(b) - lost(a)).slice(0, LISTED);
  const longest = Math.max(...top.map(({ blocked }) => blocked), Number.MIN_VALUE);
  const bar = (value: number): string => `${((Math.max(0, value) / longest) * 100).toFixed(2)}%`;
  return html`<table class="channels">
<caption>${top.length === 1 ? `The ${unit} that loses` : `The ${top.length} ${unit}s that lose`} most energy</caption>
<thead><tr><th scope="col">${unit}</th><th scope="col" class="c-bar"><span class="hidden">first and diagonal part as bars, relative to the longest bar</span></th><th scope="col">blocked</th><th scope="col">first</th><th scope="col">diag</th><th scope="col">share of E</th></tr></thead>
<tbody>${top.map(
    (c) => html`
<tr><th scope="row">${c.index}</th><td class="c-bar"><svg width="100%" height="10" aria-hidden="true"><rect class="track" width="100%" height="10"/><rect class="b-first" width="${bar(c.first)}" height="10"/><rect class="b-diag" x="${bar(c.first)}" width="${bar(c.diag)}" height="10"/></svg></td><td>${share(c.blocked)}</td><td>${share(c.first)}</td><td>${share(c.diag)}</td><td>${share(c.weight)}</td></tr>`,
  )}</tbody></table>`;
}
