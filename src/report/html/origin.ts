import type { AuditReport } from "../../audit/report/result.js";
import { count, duration, significant } from "../format.js";
import { type Content, codeName, type Html, html } from "./markup.js";

/**
 * Says where the numbers come from: files, loss, precision, limits and check. Enough to repeat the
 * audit.
 */
export function originSection(report: AuditReport): Html {
  const { source, batch, loss, thresholds, tool } = report;
  const residuals = report.layers.flatMap(({ identityResidual }) => identityResidual ?? []);
  const rule = ({ removed, blocked, timesChance }: AuditReport["thresholds"]["blind"]): string =>
    `removed ≥ ${removed}, or blocked ≥ ${blocked} and ≥ ${timesChance} × chance`;
  const entries: (readonly [string, Content] | false)[] = [
    [source.kind === "onnx" ? "Model" : "Recorded trace", fileEntry(source.file, source.sha256)],
    source.model !== undefined && ["Recorded from", source.model],
    source.batch !== undefined && ["Recorded on", source.batch],
    batch !== null && ["Batch", html`${fileEntry(batch.file, batch.sha256)}<br>${count(batch.size)} samples`],
    batch?.labelCounts !== undefined && ["Labels", labelBars(batch.labelCounts)],
    [
      "Loss",
      `${loss.description ?? loss.kind + (loss.reduction === null ? "" : `, reduction ${loss.reduction}`)}${loss.value === null ? "" : `, value ${significant(loss.value)}`}`,
    ],
    ["Precision", report.device === null ? report.precision : `${report.precision} on ${report.device}`],
    ["Time", duration(report.elapsedMs)],
    ["Blind", rule(thresholds.blind)],
    ["Dim", rule(thresholds.dim)],
    residuals.length > 0 && [
      "Check",
      `At every layer checked, ∂L/∂x from automatic differentiation agrees with the closed form. The largest relative difference is ${significant(Math.max(...residuals), 2)}.`,
    ],
    ["Tool", `${tool.name} ${tool.version}, report format ${report.schema}`],
  ];
  return html`
<section aria-labelledby="origin-title">
<h2 id="origin-title">Where the numbers come from</h2>
<dl class="facts">${entries.map((entry) => entry && html`<div><dt>${entry[0]}</dt><dd>${entry[1]}</dd></div>`)}</dl>
</section>`;
}

const fileEntry = (file: string, sha256: string): Html =>
  html`${codeName(file)}<br><small>SHA-256 <code class="hash">${sha256}</code></small>`;

/** Shows the number of samples of each class as small bars. */
function labelBars(counts: Record<string, number>): Html {
  const entries = Object.entries(counts);
  const most = Math.max(1, ...entries.map(([, n]) => n));
  if (entries.length > 40) {
    const present = entries.filter(([, n]) => n > 0);
    return html`${count(present.length)} of ${count(entries.length)} classes, at most ${count(most)} samples of one`;
  }
  return html`<ul class="labels">${entries.map(
    ([label, n]) =>
      html`<li><svg width="14" height="30" aria-hidden="true"><rect class="bin" x="1" width="12" y="${(30 - (28 * n) / most).toFixed(1)}" height="${((28 * n) / most).toFixed(1)}"/></svg><span>${label}</span><small>${n}<span class="hidden"> samples</span></small></li>`,
  )}</ul>`;
}
