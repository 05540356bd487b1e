import type { LayerReport } from "../../audit/report/result.js";
import { expansionInWords, TERMS_LEGEND, termRows } from "../taylor-rows.js";
import { type Html, html } from "./markup.js";

/** Shows the Taylor terms of the loss at a layer; null if the report has none for it. */
export function taylorSection(layer: LayerReport): Html | null {
  if (!layer.taylor) return null;
  return html`<table class="quantities terms">
<caption>${expansionInWords(layer, layer.taylor)}</caption>
<thead><tr><th scope="col">Term</th><th scope="col">∂/∂z</th><th scope="col">open</th><th scope="col">passed</th><th scope="col">through</th></tr></thead>
<tbody>${termRows(layer.taylor).map(
    (row) => html`
<tr${row.isShared && html` class="part"`}><th scope="row">${row.name}</th><td class="value">${row.gradient}</td><td class="value">${row.open}</td><td class="value">${row.passed}</td><td class="value">${row.through}</td></tr>`,
  )}</tbody></table>
<p class="quiet">${TERMS_LEGEND}</p>`;
}
