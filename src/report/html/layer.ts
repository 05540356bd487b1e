import type { LayerReport } from "../../audit/report/result.js";
import { share } from "../format.js";
import { channelSection } from "./channels.js";
import { verdictBadge } from "./marks.js";
import { codeName, type Html, html } from "./markup.js";
import { type QuantityGroup, quantityGroups } from "./quantities.js";
import type { Scale } from "./scale.js";
import { taylorSection } from "./taylor.js";

/** Everything about one layer, folded away until opened. */
export function layerDetails(layer: LayerReport, index: number, scale: Scale, open: boolean): Html {
  const groups = quantityGroups.map((group) => quantityTable(group, layer));
  return html`
<details class="layer"${open && html` open`}>
<summary><span class="summary"><h3>${codeName(layer.name)}</h3>${verdictBadge(layer.verdict)}<span class="quiet">blocked ${share(layer.shares.blocked)} · removed ${share(layer.weights?.removed)}</span></span></summary>
<div class="layer-body" id="layer-${index + 1}">
<p class="quiet">${layer.op}, ${modes[layer.mode]}; one mean and variance per ${layer.groupedBy}.</p>
${layer.why.length > 0 && html`<ul class="why">${layer.why.map((line) => html`<li>${line}</li>`)}</ul>`}
<div class="columns">
<div>${groups.slice(0, -2)}</div>
<div>${channelSection(layer, scale)}${groups.slice(-2)}</div>
</div>
${taylorSection(layer)}
<p><a href="#layers">Back to all layers</a></p>
</div>
</details>`;
}

const modes: Record<LayerReport["mode"], string> = {
  training: "in training mode",
  evaluation: "in evaluation mode in the file, measured with the statistics of the batch",
  recorded: "recorded",
};

function quantityTable(group: QuantityGroup, layer: LayerReport): Html | null {
  if (!group.applies(layer)) return null;
  return html`<table class="quantities">
<caption>${group.title(layer)}</caption>
<thead class="hidden"><tr><th scope="col">Quantity</th><th scope="col">Value</th><th scope="col">Meaning and formula</th></tr></thead>
<tbody>${group.quantities.map(
    ({ name, value, meaning, formula }) => html`
<tr><th scope="row">${name}</th><td class="value">${value(layer)}</td><td>${meaning} <span class="formula">${withSubscripts(formula)}</span></td></tr>`,
  )}</tbody></table>`;
}

/** `ΔW_open` with its index set low. */
const withSubscripts = (formula: string): Html =>
  html`${formula.split(/_(\w+)/).map((part, i) => (i % 2 === 0 ? part : html`<sub>${part}</sub>`))}`;
