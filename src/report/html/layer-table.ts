import type { AuditReport, LayerReport, Verdict, WeightsReport } from "../../audit/report/result.js";
import { cosine, count, plural, share, shortOp } from "../format.js";
import { inlineMark, mark, verdictBadge } from "./chart-marks.js";
import { codeName, type Html, html } from "./markup.js";
import { axis, gridLines, type Scale } from "./scale.js";

const ROW = 30;

/** The axes of the charts, the same for all rows. */
interface Scales {
  /** Axis of the blocked shares. */
  readonly shares: Scale;
  /** Axis of the lengths of weight gradients. */
  readonly ratios: Scale;
}

/**
 * Shows all layers as one table. The charts are part of its rows, so a reader who cannot see a
 * chart reads its numbers in the same row. Roles are written out because narrow screens lay rows
 * out as grids, and some browsers then no longer treat them as rows.
 */
export function layerTable(report: AuditReport, scales: Scales): Html {
  const { shares, ratios } = scales;
  return html`
<section aria-labelledby="layers-title" id="layers">
<h2 id="layers-title">All layers</h2>
<p class="prose">The layers are in the order of the model. <em>Energy blocked</em> is the share of the arriving gradient’s
energy that the layer removes, on a logarithmic axis. Compare it with the layer’s chance level, not with 0.
<em>Weights below</em> shows how much of their gradient the weights right below the layer lose and keep. Compare
<em>removed</em> with the level that noise would lose there, too.</p>
${legend()}
<form class="tools" id="tools" hidden>
<label>Find <input type="search" name="find" placeholder="part of a name" autocomplete="off"></label>
<fieldset><legend>Show</legend>${(["blind", "dim", "clear", "unmeasured"] as const).map(
    (verdict) => html`<label><input type="checkbox" name="${verdict}" checked> ${verdict}</label>`,
  )}</fieldset>
<label>Order <select name="order"><option value="index">as in the model</option><option value="removed">most removed over chance first</option><option value="blocked">most blocked first</option><option value="times">furthest above chance first</option><option value="name">by name</option></select></label>
<output name="shown"></output>
</form>
<table class="layers" role="table">
<caption class="hidden">Blocked energy and removed weight gradient of every normalization layer</caption>
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader" class="c-name">Layer</th><th scope="col" role="columnheader" class="c-verdict">Verdict</th>
<th scope="col" role="columnheader" class="c-chart">Energy blocked${axis(shares)}</th>
<th scope="col" role="columnheader" class="c-num">blocked</th><th scope="col" role="columnheader" class="c-num optional">chance</th>
<th scope="col" role="columnheader" class="c-chart">Weights below${axis(ratios)}</th>
<th scope="col" role="columnheader" class="c-num">removed</th><th scope="col" role="columnheader" class="c-num optional">chance</th><th scope="col" role="columnheader" class="c-num">kept</th><th scope="col" role="columnheader" class="c-num optional">cosine</th>
</tr></thead>
<tbody role="rowgroup">${report.layers.map((layer, i) => row(layer, i, scales, report))}</tbody>
</table>
</section>`;
}

const legend = (): Html => html`<ul class="legend" aria-label="Marks">
<li>blocked share of a layer that is ${inlineMark("blind")} blind, ${inlineMark("dim")} dim, ${inlineMark("clear")} clear</li>
<li>${inlineMark("first")} its first-order part</li><li>${inlineMark("diag")} its diagonal part</li>
<li><svg class="inline-mark" viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true"><line class="chance" y1="-7" y2="7"/></svg> chance level</li>
<li><svg class="inline-mark" viewBox="-9 -7 18 14" width="18" height="14" aria-hidden="true"><rect class="removed" x="-9" y="-4" width="18" height="8"/></svg> removed</li>
<li>${inlineMark("kept")} kept</li>
</ul>`;

function row(
  layer: LayerReport,
  index: number,
  { shares, ratios }: Scales,
  { source, thresholds }: AuditReport,
): Html {
  const { weights } = layer;
  const noWeights =
    source.kind === "onnx"
      ? "not measured: no convolution or matrix product right below"
      : "not measured: not recorded";
  const times = layer.shares.chance === 0 ? 0 : layer.shares.blocked / layer.shares.chance;
  return html`
<tr role="row" data-index="${index}" data-name="${layer.name}" data-verdict="${layer.verdict}" data-blocked="${layer.shares.blocked}" data-times="${times}" data-removed="${weights?.overChance ?? weights?.removed ?? -1}">
<th scope="row" role="rowheader" class="c-name"><a href="#layer-${index + 1}">${codeName(layer.name)}</a><small>${shortOp(layer)} · n = ${count(layer.elements)} · ${plural(layer.channelCount, layer.groupedBy)}</small></th>
<td role="cell" class="c-verdict">${verdictBadge(layer.verdict)}</td>
<td role="cell" class="c-chart">${shareChart(layer, shares)}</td>
<td role="cell" class="c-num" data-label="blocked">${share(layer.shares.blocked)}</td><td role="cell" class="c-num quiet optional" data-label="chance">${share(layer.shares.chance)}</td>
<td role="cell" class="c-chart">${weights === null ? html`<span class="absent">${noWeights}</span>` : ratioChart(weights, layer.verdict, ratios, thresholds)}</td>
<td role="cell" class="c-num${weights === null && " unmeasured"}" data-label="removed">${weights === null ? "not measured" : share(weights.removed)}</td><td role="cell" class="c-num quiet optional" data-label="chance of removed">${share(weights?.chance)}</td><td role="cell" class="c-num" data-label="kept">${share(weights?.kept)}</td><td role="cell" class="c-num quiet optional" data-label="cosine">${cosine(weights?.cosine)}</td>
</tr>`;
}

/** Draws the blocked share, its two parts and the chance level on the logarithmic axis. */
function shareChart({ shares, verdict }: LayerReport, scale: Scale): Html {
  const y = ROW / 2;
  // On a logarithmic axis the parts lie close to the whole, so they are drawn above and below it.
  const part = (name: "first" | "diag", at: number) =>
    shares[name] > 0 && mark(scale.isBelow(shares[name]) ? "below" : name, scale.at(shares[name]), at);
  const [from, to] = [scale.at(shares.chance), scale.at(shares.blocked)];
  return html`<svg width="100%" height="${ROW}" aria-hidden="true">${gridLines(scale)}<line class="span t-${verdict}" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/><line class="chance" x1="${from}" x2="${from}" y1="${y - 9}" y2="${y + 9}"/>${part("first", 6)}${part("diag", ROW - 6)}${mark(scale.isBelow(shares.blocked) ? "below" : verdict, to, y)}</svg>`;
}

/** The `removed` that reaches a limit on the scale over chance (`overChance` of the theory). */
const removedAt = (limit: number, chance: number): number =>
  Math.sqrt(chance ** 2 + limit ** 2 * Math.max(0, 1 - chance ** 2));

/** Draws removed as a bar, kept as a mark, and the limits of the verdicts as lines. */
function ratioChart(
  weights: WeightsReport,
  verdict: Verdict,
  scale: Scale,
  thresholds: AuditReport["thresholds"],
): Html {
  const y = ROW / 2;
  const { chance } = weights;
  const limit = (name: "dim" | "blind") => {
    const x = scale.at(removedAt(thresholds[name].removed, chance ?? 0));
    return html`<line class="limit t-${name}" x1="${x}" x2="${x}" y1="3" y2="${ROW - 3}"/>`;
  };
  return html`<svg width="100%" height="${ROW}" aria-hidden="true">${gridLines(scale)}<rect class="removed t-${verdict}" x="0" y="${y - 5}" width="${scale.at(weights.removed)}" height="10"/>${limit("dim")}${limit("blind")}${chance !== null && html`<line class="chance" x1="${scale.at(chance)}" x2="${scale.at(chance)}" y1="${y - 9}" y2="${y + 9}"/>`}${mark("kept", scale.at(weights.kept), y)}</svg>`;
}
