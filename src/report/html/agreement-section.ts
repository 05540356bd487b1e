import type { AgreementReport, AuditReport } from "../../audit/report/result.js";
import { cosine } from "../format.js";
import { codeName, type Html, html } from "./markup.js";
import { axis, gridLines, type Scale, unitScale } from "./scale.js";

const ROW = 30;

/**
 * How the gradients of the batches agree: one row for each layer, and one for the whole network.
 */
export function agreementSection({ batches, layers }: AuditReport): Html | null {
  if (batches === null) return null;
  const scale = unitScale();
  const rows = [
    ...layers.map(({ name, agreement }, i) => row({ name, link: `#layer-${i + 1}`, agreement }, scale)),
    row({ name: null, link: null, agreement: batches.network }, scale),
  ];
  const reference =
    batches.reference === "whole"
      ? "the gradient of all samples as one batch"
      : `the mean gradient of ${batches.cuts} random cuts of your samples`;
  return html`
<section aria-labelledby="agreement-title" id="agreement">
<h2 id="agreement-title">How your batches agree</h2>
<p class="prose">Training follows the mean gradient of its batches. <em>Agreement</em> is the cosine between this mean and
${reference}, for the weights below each layer. It is 1 where batches change nothing. Random batches of the same sizes
show what the size alone costs; the distance from them to your batches is the <em>composition effect</em>.</p>
<ul class="legend" aria-label="Marks">
<li>${sample("yours")} your batches</li><li>${sample("shuffled")} random batches of the same sizes, with their spread over ${batches.cuts} cuts</li>
</ul>
<table class="layers agreements" role="table">
<caption class="hidden">Agreement of your batches and of random batches, for every layer</caption>
<thead role="rowgroup"><tr role="row">
<th scope="col" role="columnheader" class="c-name">Weights below</th>
<th scope="col" role="columnheader" class="c-chart">Agreement${axis(scale)}</th>
<th scope="col" role="columnheader" class="c-num">yours</th><th scope="col" role="columnheader" class="c-num">shuffled</th>
<th scope="col" role="columnheader" class="c-num">composition</th><th scope="col" role="columnheader" class="c-num optional">size</th><th scope="col" role="columnheader" class="c-num optional">gain</th>
</tr></thead>
<tbody role="rowgroup">${rows}</tbody>
</table>
</section>`;
}

interface AgreementRow {
  /** null for the whole network. */
  readonly name: string | null;
  readonly link: string | null;
  readonly agreement: AgreementReport | null;
}

function row({ name, link, agreement }: AgreementRow, scale: Scale): Html {
  const title = name === null ? html`the whole network` : html`<a href="${link}">${codeName(name)}</a>`;
  return html`<tr role="row">
<th scope="row" role="rowheader" class="c-name">${title}</th>
<td role="cell" class="c-chart">${agreement === null ? html`<span class="absent">not measured</span>` : chart(agreement, scale)}</td>
<td role="cell" class="c-num" data-label="yours">${cosine(agreement?.value)}</td><td role="cell" class="c-num" data-label="shuffled">${cosine(agreement?.shuffled.mean)}</td>
<td role="cell" class="c-num" data-label="composition">${cosine(agreement?.compositionEffect)}</td><td role="cell" class="c-num quiet optional" data-label="size">${cosine(agreement?.sizeEffect)}</td><td role="cell" class="c-num quiet optional" data-label="gain">${cosine(agreement?.gain)}</td>
</tr>`;
}

/**
 * Draws the random cuts as a ring with its spread, your batches as a disc, and the way between
 * them.
 */
function chart({ value, shuffled }: AgreementReport, scale: Scale): Html {
  const y = ROW / 2;
  const [yours, theirs] = [scale.at(value), scale.at(shuffled.mean)];
  return html`<svg width="100%" height="${ROW}" aria-hidden="true">${gridLines(scale)}<line class="effect" x1="${yours}" x2="${theirs}" y1="${y}" y2="${y}"/><line class="spread" x1="${scale.at(shuffled.mean - shuffled.sd)}" x2="${scale.at(shuffled.mean + shuffled.sd)}" y1="${y}" y2="${y}"/><circle class="shuffled" cx="${theirs}" cy="${y}" r="4.5"/><circle class="yours" cx="${yours}" cy="${y}" r="5"/></svg>`;
}

const sample = (name: "yours" | "shuffled"): Html =>
  html`<svg class="inline-mark" viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true"><circle class="${name}" r="5"/></svg>`;
