import type { LayerReport } from "../../audit/report/result.js";
import { share } from "../format.js";
import { channelSection } from "./channel-section.js";
import { verdictBadge } from "./chart-marks.js";
import { type LayerNumberGroup, layerNumberGroups } from "./layer-numbers.js";
import { codeName, type Html, html } from "./markup.js";
import type { Scale } from "./scale.js";
import { taylorSection } from "./taylor-section.js";

/** How the details of a layer are shown. */
export interface LayerDetailsOptions {
  /** The axis of the blocked shares, the same for all layers of a page. */
  readonly scale: Scale;
  /** Whether the details are unfolded when the page opens. */
  readonly open: boolean;
}

/** Shows everything about one layer in an element that can be folded. */
export function layerDetails(layer: LayerReport, index: number, { scale, open }: LayerDetailsOptions): Html {
  const groups = layerNumberGroups.map((group) => numberTable(group, layer));
  return html`
<details class="layer"${open && html` open`}>
<summary><span class="summary"><h3>${codeName(layer.name)}</h3>${verdictBadge(layer.verdict)}<span class="quiet">blocked ${share(layer.shares.blocked)} · removed ${layer.weights === null ? "not measured" : share(layer.weights.removed)}${typeof layer.weights?.chance === "number" && ` (chance ${share(layer.weights.chance)})`}</span></span></summary>
<div class="layer-body" id="layer-${index + 1}">
<p class="quiet">${layer.op}, ${modes[layer.mode]}; one mean and one variance for each ${layer.groupedBy}.</p>
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
  evaluation: "in evaluation mode in the file, audited with the statistics of the batch",
  frozen: "frozen at its stored statistics",
  recorded: "from a recorded trace",
};

function numberTable(group: LayerNumberGroup, layer: LayerReport): Html | null {
  if (!group.applies(layer)) return null;
  return html`<table class="quantities">
<caption>${group.title(layer)}</caption>
<thead class="hidden"><tr><th scope="col">Number</th><th scope="col">Value</th><th scope="col">Meaning and formula</th></tr></thead>
<tbody>${group.numbers.map(
    ({ name, value, meaning, formula }) => html`
<tr><th scope="row">${name}</th><td class="value">${value(layer)}</td><td>${withSubscripts(meaning)} <span class="formula">${withSubscripts(formula)}</span></td></tr>`,
  )}</tbody></table>`;
}

/** Sets the index of `ΔW_open` as a subscript. */
const withSubscripts = (formula: string): Html =>
  html`${formula.split(/_(\w+)/).map((part, i) => (i % 2 === 0 ? part : html`<sub>${part}</sub>`))}`;
