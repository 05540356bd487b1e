import type { AuditReport, LayerReport } from "../../audit/report/result.js";
import { baseName } from "../format.js";
import { answers, explanations, findings, flagged, layerNames, subject } from "../sentences.js";
import { agreementSection } from "./agreement-section.js";
import { inlineMark, markDefinitions, verdictBadge } from "./chart-marks.js";
import { explainer } from "./explainer.js";
import { layerDetails } from "./layer-details.js";
import { layerTable } from "./layer-table.js";
import { codeName, Html, html, jsonContent } from "./markup.js";
import { originSection } from "./origin.js";
import { ratioScale, shareScale } from "./scale.js";
import { script } from "./script.js";
import { style } from "./style.js";

/** The list of blind and dim layers shows this many; the others are folded away. */
const SHOWN = 5;

/**
 * Writes an audit report as one HTML page. The page loads nothing and works from a disk, without
 * JavaScript, in light and dark, on a phone and on paper. It contains the report as JSON in the
 * script element `report`.
 * @param report - The report, from `auditModel`, `auditTrace` or `parseAuditReport`.
 * @returns The HTML text. Names from the model file are escaped.
 * @example
 * ```ts
 * import { auditHtml, auditModel } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/one-class.npz" });
 * console.log(auditHtml(report).length);
 * ```
 */
export function auditHtml(report: AuditReport): string {
  const shares = shareScale(report.layers);
  const ratios = ratioScale(report.layers);
  const worst = flagged(report)[0];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="generator" content="blindspot ${report.tool.version}">
<meta name="color-scheme" content="light dark">
<title>${baseName(report.source.file)} – what normalization hides</title>
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#layers">Skip to the layers</a>
${markDefinitions}
${pageHeader(report)}
<main>
${agreementSection(report)}
${report.batches !== null && report.layers.length > 0 && hiddenSection(report)}
${actions(report)}
${layerTable(report, { shares, ratios })}
${explainer()}
<section aria-labelledby="details-title">
<h2 id="details-title">Layer by layer</h2>
<p class="prose">All numbers of each layer with their meaning, and the distribution of the blocked share within the layer.</p>
${report.layers.map((layer, i) => layerDetails(layer, i, { scale: shares, open: layer === worst }))}
</section>
${originSection(report)}
</main>
<footer><p>Written by blindspot ${report.tool.version}. This page contains the report as JSON in the script element
<code>report</code>, with lists of channels rounded to four digits. <code>--format json</code> keeps all digits.</p></footer>
<script type="application/json" id="report">${jsonContent(embedded(report))}</script>
<script>${new Html(script)}</script>
</body>
</html>
`;
  return page.text;
}

function pageHeader(report: AuditReport): Html {
  const ofOneBatch = report.batches === null;
  const [lead, ...rest] = ofOneBatch ? findings(report) : answers(report);
  const [, ...about] = subject(report);
  return html`<header>
<div class="eyebrow"><span>blindspot</span><button type="button" id="theme" hidden>Theme</button></div>
<h1>What normalization hides in ${codeName(baseName(report.source.file))}</h1>
<p class="subject">${about.join(" · ")}</p>
<p class="lead">${lead}</p>
${rest.map((sentence) => html`<p class="prose">${sentence}</p>`)}
${ofOneBatch && answers(report).map((sentence) => html`<p class="prose"><b>Does it matter?</b> ${sentence}</p>`)}
${ofOneBatch && tiles(report)}
${report.warnings.length > 0 && html`<aside class="warnings" aria-labelledby="warnings-title"><h2 id="warnings-title">Before you rely on these numbers</h2><ul>${report.warnings.map((line) => html`<li>${line}</li>`)}</ul></aside>`}
</header>`;
}

/** How many layers have each verdict. */
function tiles({ summary }: AuditReport): Html | null {
  const { blind, dim, layers, unmeasured } = summary;
  if (layers === 0) return null;
  const clear = layers - blind.length - dim.length - unmeasured.length;
  const tile = (verdict: LayerReport["verdict"], n: number) =>
    html`<li class="tile"><b>${n}</b>${verdictBadge(verdict)}</li>`;
  return html`<ul class="tiles" aria-label="Layers by verdict">${tile("blind", blind.length)}${tile("dim", dim.length)}${tile("clear", clear)}${unmeasured.length > 0 && tile("unmeasured", unmeasured.length)}</ul>`;
}

/** What an audit of batches says about single layers. */
const hiddenSection = (report: AuditReport): Html => html`
<section aria-labelledby="hidden-title">
<h2 id="hidden-title">What the layers hide</h2>
${findings(report).map((sentence) => html`<p class="prose">${sentence}</p>`)}
${tiles(report)}
</section>`;

/** Lists the blind and dim layers with advice, the worst first. */
function actions(report: AuditReport): Html | null {
  const layers = flagged(report);
  if (layers.length === 0) return null;
  const { own, shared } = explanations(layers);
  const items = own.map(
    ({ layer, lines }) =>
      html`<li>${inlineMark(layer.verdict)} <a href="#layer-${report.layers.indexOf(layer) + 1}">${codeName(layer.name)}</a> is ${layer.verdict}${lines.length > 0 && html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`}</li>`,
  );
  const more = items.slice(SHOWN);
  return html`
<section aria-labelledby="actions-title">
<h2 id="actions-title">${report.batches === null ? "What to look at, and what to do" : "What to look at"}</h2>
${shared.map(({ layers: some, line }) => html`<p class="advice"><b>For ${some.length === layers.length ? "every layer below" : layerNames(some)}:</b> ${line}</p>`)}
<ol class="todo">${items.slice(0, SHOWN)}</ol>
${more.length > 0 && html`<details class="more"><summary>${more.length} more</summary><ol class="todo" start="${SHOWN + 1}">${more}</ol></details>`}
</section>`;
}

/**
 * Rounds the channel lists of a report to four digits: they are most of its size, and the page
 * shows three.
 */
function embedded(report: AuditReport): AuditReport {
  const short = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(4)));
  return {
    ...report,
    layers: report.layers.map((layer) => ({
      ...layer,
      channels: {
        energy: short(layer.channels.energy),
        first: short(layer.channels.first),
        diag: short(layer.channels.diag),
      },
    })),
  };
}
