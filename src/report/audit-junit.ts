import type { Failure } from "../audit/fail-on.js";
import type { AuditReport, LayerReport } from "../audit/report/result.js";
import { baseName, cosine, share } from "./format.js";

/**
 * Writes an audit report as JUnit XML for a CI server: one test case for each layer, and one for
 * the batches of an audit of batches. A test case fails if it meets a condition of `--fail-on`;
 * without conditions, all test cases pass.
 * @param report - The report, from `auditModel`, `auditTrace` or `parseAuditReport`.
 * @param failures - The conditions that layers meet, from `findFailures`; empty for none.
 * @returns The XML text. Warnings of the report are in `system-err`.
 * @example
 * ```ts
 * import { auditJunit, auditModel, findFailures, parseFailOn } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * console.log(auditJunit(report, findFailures(report, parseFailOn("removed>0.9")).failures));
 * ```
 */
export function auditJunit(report: AuditReport, failures: readonly Failure[]): string {
  const model = baseName(report.source.file);
  const classname = `blindspot.${model}`;
  const ofBatches = failures.filter(({ layer }) => layer === null);
  const withBatches = report.batches !== null || ofBatches.length > 0;
  const cases = [
    ...(withBatches ? [batchesCase(report, classname, ofBatches)] : []),
    ...report.layers.map((layer) => testCase(layer, classname, failures)),
  ];
  const failed = new Set(failures.map(({ layer }) => layer));
  const failedLayers = report.layers.filter(({ name }) => failed.has(name)).length;
  const totals =
    `tests="${cases.length}" failures="${failedLayers + (ofBatches.length > 0 ? 1 : 0)}" ` +
    `errors="0" skipped="0" time="${(report.elapsedMs / 1000).toFixed(3)}"`;
  const warnings =
    report.warnings.length === 0 ? [] : [`    ${element("system-err", report.warnings.join("\n"))}`];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="blindspot" ${totals}>`,
    `  <testsuite name="${escapeXml(model)}" ${totals}>`,
    ...cases,
    ...warnings,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** The test case of the batches as a whole. */
function batchesCase(report: AuditReport, classname: string, failures: readonly Failure[]): string {
  const { verdict, normToBlame, why } = report.summary;
  const lines = [`verdict ${verdict}, normalization to blame ${normToBlame}`, ...why];
  return written({ classname, name: "batches" }, failures, lines);
}

function testCase(layer: LayerReport, classname: string, failures: readonly Failure[]): string {
  const met = failures.filter((failure) => failure.layer === layer.name);
  const numbers =
    `blocked ${share(layer.shares.blocked)} (chance ${share(layer.shares.chance)}), removed ${layer.weights === null ? "not measured" : share(layer.weights.removed)} (chance ${share(layer.weights?.chance)}), ` +
    `kept ${share(layer.weights?.kept)}, cosine ${cosine(layer.weights?.cosine)}, verdict ${layer.verdict}`;
  return written({ classname, name: layer.name }, met, [numbers, ...layer.why]);
}

/** A test case: it fails if a condition is met, and then says `lines`. */
function written(
  { classname, name }: { readonly classname: string; readonly name: string },
  met: readonly Failure[],
  lines: readonly string[],
): string {
  const start = `    <testcase classname="${escapeXml(classname)}" name="${escapeXml(name)}" time="0"`;
  if (met.length === 0) return `${start}/>`;
  const message = met.map(({ condition, value }) => `${condition} (${value})`).join("; ");
  return [
    `${start}>`,
    `      <failure type="fail-on" message="${escapeXml(message)}">${escapeXml(lines.join("\n"))}</failure>`,
    "    </testcase>",
  ].join("\n");
}

const element = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Escapes text for element content and attributes. Characters that XML 1.0 forbids become `�`. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (char) => entities[char]);
}
