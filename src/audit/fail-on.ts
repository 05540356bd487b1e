import { UserError } from "../base/errors.js";
import { aliases, fields, networkFields } from "./fail-on-fields.js";
import type { AuditReport, BatchVerdict, LayerReport, Verdict } from "./report/result.js";

/**
 * A part of a report that meets a condition of `--fail-on`, or a layer that could not be measured.
 */
export interface Failure {
  /** Name of the layer; null for the batches and for the whole network. */
  readonly layer: string | null;
  /** The condition as the user wrote it; `unmeasured` for a layer that could not be measured. */
  readonly condition: string;
  /** The value that meets the condition; `unmeasured` as above. */
  readonly value: number | string;
}

/** One condition of `--fail-on`: a field of the report, compared with a value. */
export interface Condition {
  /** The condition as the user wrote it. */
  readonly text: string;
  /** What the condition is tested on: each layer, or the report as a whole. */
  readonly about: "layers" | "report";
  /** The value of each layer, or of the report, null where it has none. */
  readonly valuesIn: (report: AuditReport) => readonly ConditionValue[];
  /** Whether a value meets the condition. */
  readonly holds: (value: number | string) => boolean;
}

/** A value that a condition is tested on. */
export interface ConditionValue {
  /** Name of the layer; null for the report as a whole. */
  readonly layer: string | null;
  /** null where the layer or the report lacks the field. */
  readonly value: number | string | null;
}

/** What a report says to some conditions. */
export interface ConditionResults {
  /** The parts of the report that meet a condition. */
  readonly failures: readonly Failure[];
  /** One sentence for each condition that some layers lack the field of. */
  readonly notes: readonly string[];
  /** One sentence for each condition that could not be tested at all. */
  readonly untested: readonly string[];
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

/**
 * Verdicts from good to bad, so that `verdict>=dim` means dim or blind. Layers that could not be
 * measured fail whatever the conditions.
 */
const layerVerdicts: readonly Verdict[] = ["clear", "dim", "blind"];
const batchVerdicts: readonly BatchVerdict[] = ["harmless", "doubtful", "harmful"];

/**
 * Reads the conditions of `--fail-on`. A condition compares a field of the report with a value. A
 * comma separates conditions and means "or". Operators are `<`, `<=`, `>`, `>=`, `=` and `!=`.
 *
 * * `removed>0.9` holds if any layer has such a number. A field is a path of the report
 *   (`weights.removed`) or the last part of one (`removed`).
 * * `verdict=blind`, `verdict>=dim` are about each layer; `verdict=harmful`, `verdict>=doubtful`
 * and
 *   `normToBlame=harmful` are about the batches.
 * * `network.compositionEffect>0.3` is about the whole network.
 *
 * @param list - The conditions, separated by commas.
 * @returns One condition for each part of the list.
 * @throws UserError if a part is not a condition, or if the field, the verdict or the number does
 * not exist. The message lists what exists.
 * @example
 * ```ts
 * import { auditBatches, findFailures, parseFailOn } from "blindspot";
 *
 * const samples = { data: "examples/samples.npz", batches: "shuffled:64" };
 * const report = await auditBatches("examples/glyphs.onnx", samples);
 * const { failures } = findFailures(report, parseFailOn("verdict=harmful,compositionEffect>0.3"));
 * for (const { layer, condition, value } of failures) console.log(layer, condition, value);
 * ```
 */
export function parseFailOn(list: string): Condition[] {
  return list.split(",").map((part) => parseCondition(part.trim()));
}

function parseCondition(text: string): Condition {
  const [, written, operator, wanted] = /^([\w.]+)\s*(<=|>=|!=|<|>|=)\s*([^\s<>=!]+)$/.exec(text) ?? [];
  if (written === undefined || operator === undefined || wanted === undefined)
    throw new UserError(
      `--fail-on: expected conditions such as verdict=harmful or removed>0.9, separated by commas, got \`${text}\``,
    );
  const name = aliases[written] ?? written;
  const compare = comparisons[operator];
  if (name === "verdict" || name === "normToBlame") return verdictCondition(text, name, { compare, wanted });
  const limit = Number(wanted);
  if (!Number.isFinite(limit))
    throw new UserError(`--fail-on: \`${text}\`: expected a number after ${operator}, got \`${wanted}\``);
  const holds = (value: number | string) => typeof value === "number" && compare(value, limit);
  const network = networkFields[name.replace(/^network\./, "") as keyof typeof networkFields];
  if (name.startsWith("network.") && network !== undefined)
    return {
      ...{ text, about: "report", holds },
      valuesIn: ({ batches }) => [{ layer: null, value: batches?.network ? network(batches.network) : null }],
    };
  const path = Object.keys(fields).find((path) => path === name || path.endsWith(`.${name}`));
  if (path === undefined)
    throw new UserError(
      `--fail-on: \`${text}\`: expected a field of a layer or of the network, got ${name}; use one of verdict, normToBlame, ${Object.keys(fields).join(", ")}, ${Object.keys(
        networkFields,
      )
        .map((field) => `network.${field}`)
        .join(", ")}`,
    );
  const field = fields[path as keyof typeof fields];
  return { text, about: "layers", holds, valuesIn: ofLayers((layer) => field(layer) ?? null) };
}

const ofLayers =
  (value: (layer: LayerReport) => number | string | null): Condition["valuesIn"] =>
  ({ layers }) =>
    layers
      .filter(({ status }) => status !== "unmeasured")
      .map((layer) => ({ layer: layer.name, value: value(layer) }));

/** A condition on the verdicts of layers or on an answer about the batches. */
function verdictCondition(
  text: string,
  name: "verdict" | "normToBlame",
  { compare, wanted }: { readonly compare: (a: number, b: number) => boolean; readonly wanted: string },
): Condition {
  const inOrder = (order: readonly string[]) => {
    const limit = order.indexOf(wanted);
    return (value: number | string) =>
      order.includes(String(value)) && compare(order.indexOf(String(value)), limit);
  };
  if (name === "verdict" && (layerVerdicts as readonly string[]).includes(wanted))
    return {
      ...{ text, about: "layers", holds: inOrder(layerVerdicts) },
      valuesIn: ofLayers(({ verdict }) => verdict),
    };
  if ((batchVerdicts as readonly string[]).includes(wanted))
    return {
      ...{ text, about: "report", holds: inOrder(batchVerdicts) },
      valuesIn: ({ summary }) => [{ layer: null, value: summary[name] === "unknown" ? null : summary[name] }],
    };
  const ofLayer = name === "verdict" ? `${layerVerdicts.join(", ")} (of a layer) or ` : "";
  throw new UserError(
    `--fail-on: \`${text}\`: expected a verdict, got \`${wanted}\`; use one of ${ofLayer}${batchVerdicts.join(", ")} (of the batches)`,
  );
}

/**
 * Finds the parts of a report that meet at least one condition. A layer that could not be measured
 * fails whatever the conditions, if there are any: it is not known to be harmless.
 * @param report - The audit report.
 * @param conditions - The conditions, from `parseFailOn`.
 * @returns `failures` has one entry for each condition and each layer that meets it: the batches
 * first, then the layers in their order. `notes` names the layers that lack the field of a
 * condition. `untested` says which conditions could not be tested, because no layer has the field,
 * or because the report cannot tell the answer about the batches. The command line then exits with
 * code 2.
 * @example
 * ```ts
 * import { auditModel, findFailures, parseFailOn } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/one-class.npz" });
 * const { failures } = findFailures(report, parseFailOn("verdict=blind"));
 * if (failures.length > 0) console.log("a layer is blind");
 * ```
 */
export function findFailures(report: AuditReport, conditions: readonly Condition[]): ConditionResults {
  const unmeasured = report.layers.filter(({ status }) => status === "unmeasured");
  const failures: Failure[] = [];
  if (conditions.length > 0)
    for (const { name } of unmeasured)
      failures.push({ layer: name, condition: "unmeasured", value: "unmeasured" });
  const notes: string[] = [];
  const untested: string[] = [];
  for (const condition of conditions) {
    const values = condition.valuesIn(report);
    const lacking = values.flatMap(({ layer, value }) => (value === null ? [layer ?? "the report"] : []));
    const allUnmeasured = condition.about === "layers" && values.length === 0 && unmeasured.length > 0;
    if (allUnmeasured) continue;
    if (lacking.length === values.length) untested.push(whyUntested(condition, report));
    else if (lacking.length > 0)
      notes.push(
        `--fail-on: \`${condition.text}\` was not tested on ${lacking.join(", ")}, which lack this number`,
      );
    for (const { layer, value } of values)
      if (value !== null && condition.holds(value))
        failures.push({ layer, condition: condition.text, value });
  }
  const order = new Map(report.layers.map(({ name }, i) => [name, i]));
  const place = ({ layer }: Failure) => (layer === null ? -1 : (order.get(layer) ?? -1));
  return { failures: failures.sort((a, b) => place(a) - place(b)), notes, untested };
}

function whyUntested({ text, about }: Condition, { batches, source, layers }: AuditReport): string {
  if (about === "layers" && layers.length === 0)
    return `--fail-on: \`${text}\`: the report has no layer to test it on; leave this condition out`;
  const several =
    batches !== null
      ? "these batches do not tell it"
      : source.kind === "onnx"
        ? "one batch does not tell it: audit several, with --batches or more --data files"
        : "a recorded trace does not tell it: audit the model with --batches";
  return about === "report"
    ? `--fail-on: \`${text}\`: the answer is unknown; ${several}`
    : `--fail-on: \`${text}\`: no layer has this number; ${/agreement|composition|size|gain|shuffled|batches/i.test(text) ? several : "choose another field"}`;
}
