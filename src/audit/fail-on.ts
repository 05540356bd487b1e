import { UserError } from "../base/errors.js";
import type { AuditReport, LayerReport, Verdict } from "./report/result.js";

/** A layer that meets a condition of `--fail-on`. */
export interface Failure {
  /** Name of the layer. */
  readonly layer: string;
  /** The condition as the user wrote it. */
  readonly condition: string;
  /** The value of the layer that meets the condition. */
  readonly value: number | Verdict;
}

/** One condition of `--fail-on`: a field of a layer, compared with a value. */
export interface Condition {
  /** The condition as the user wrote it. */
  readonly text: string;
  /** Returns the value of the layer if it meets the condition, else null. */
  readonly meets: (layer: LayerReport) => number | Verdict | null;
}

/**
 * Paths to the numbers of a layer, such as `shares.blocked`. Because `fields` is keyed by this
 * type, a new number in the schema does not compile until it is listed there.
 */
type NumericPath<T, Prefix extends string = ""> = {
  [K in keyof T & string]: NonNullable<T[K]> extends number
    ? `${Prefix}${K}`
    : NonNullable<T[K]> extends readonly unknown[] | string
      ? never
      : NumericPath<NonNullable<T[K]>, `${Prefix}${K}.`>;
}[keyof T & string];

/**
 * The fields that a condition can name. Order matters: a bare name such as `first` means the first
 * path that ends with it. Taylor terms are left out.
 */
const fields: Record<
  NumericPath<Omit<LayerReport, "taylor">>,
  (layer: LayerReport) => number | null | undefined
> = {
  "shares.blocked": ({ shares }) => shares.blocked,
  "shares.first": ({ shares }) => shares.first,
  "shares.diag": ({ shares }) => shares.diag,
  "shares.chance": ({ shares }) => shares.chance,
  "weights.removed": ({ weights }) => weights?.removed,
  "weights.kept": ({ weights }) => weights?.kept,
  "weights.cosine": ({ weights }) => weights?.cosine,
  "weights.open": ({ weights }) => weights?.open,
  "weights.first": ({ weights }) => weights?.first,
  "weights.diag": ({ weights }) => weights?.diag,
  "weights.chance": ({ weights }) => weights?.chance,
  "weights.chanceSd": ({ weights }) => weights?.chanceSd,
  "energy.total": ({ energy }) => energy.total,
  "energy.passed": ({ energy }) => energy.passed,
  "energy.first": ({ energy }) => energy.first,
  "energy.diag": ({ energy }) => energy.diag,
  "leak.mean": ({ leak }) => leak?.mean,
  "leak.max": ({ leak }) => leak?.max,
  "affine.gradGamma": ({ affine }) => affine?.gradGamma,
  "affine.gradBeta": ({ affine }) => affine?.gradBeta,
  "agreement.compositionEffect": ({ agreement }) => agreement?.compositionEffect,
  "agreement.sizeEffect": ({ agreement }) => agreement?.sizeEffect,
  "agreement.value": ({ agreement }) => agreement?.value,
  "agreement.gain": ({ agreement }) => agreement?.gain,
  "agreement.shuffled.mean": ({ agreement }) => agreement?.shuffled.mean,
  "agreement.shuffled.sd": ({ agreement }) => agreement?.shuffled.sd,
  "batches.blocked.mean": ({ batches }) => batches?.blocked.mean,
  "batches.blocked.sd": ({ batches }) => batches?.blocked.sd,
  "batches.removed.mean": ({ batches }) => batches?.removed?.mean,
  "batches.removed.sd": ({ batches }) => batches?.removed?.sd,
  identityResidual: ({ identityResidual }) => identityResidual,
  elements: ({ elements }) => elements,
  epsilon: ({ epsilon }) => epsilon,
  channelCount: ({ channelCount }) => channelCount,
};

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

/** Verdicts from clear to blind, so that `verdict>=dim` means dim or blind. */
const verdicts: readonly Verdict[] = ["clear", "dim", "blind"];

/**
 * Reads the conditions of `--fail-on`. A condition compares a number of a layer, or its verdict,
 * with a value: `removed>0.9`, `verdict=blind`. Operators are `<`, `<=`, `>`, `>=`, `=` and `!=`. A
 * comma separates conditions and means "or". A field is a path of the report (`weights.removed`) or
 * the last part of one (`removed`).
 * @param list - The conditions, separated by commas.
 * @returns One condition for each part of the list.
 * @throws UserError if a part is not a condition, or if the field, the verdict or the number does
 * not exist. The message lists what exists.
 * @example
 * ```ts
 * import { auditModel, findFailures, parseFailOn } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * const failures = findFailures(report, parseFailOn("removed>0.9,verdict=blind"));
 * for (const { layer, condition, value } of failures) console.log(layer, condition, value);
 * ```
 */
export function parseFailOn(list: string): Condition[] {
  return list.split(",").map((part) => parseCondition(part.trim()));
}

function parseCondition(text: string): Condition {
  const [, name, operator, wanted] = /^([\w.]+)\s*(<=|>=|!=|<|>|=)\s*([^\s<>=!]+)$/.exec(text) ?? [];
  if (name === undefined || operator === undefined || wanted === undefined)
    throw new UserError(
      `--fail-on: expected conditions such as removed>0.9 or verdict=blind, separated by commas, got \`${text}\``,
    );
  const holds = comparisons[operator];

  if (name === "verdict") {
    const limit = verdicts.indexOf(wanted as Verdict);
    if (limit < 0)
      throw new UserError(
        `--fail-on: \`${text}\`: expected one of the verdicts ${verdicts.join(", ")}, got \`${wanted}\``,
      );
    return { text, meets: ({ verdict }) => (holds(verdicts.indexOf(verdict), limit) ? verdict : null) };
  }

  const path = Object.keys(fields).find((path) => path === name || path.endsWith(`.${name}`));
  if (path === undefined)
    throw new UserError(
      `--fail-on: \`${text}\`: expected a field of a layer, got ${name}; use one of verdict, ${Object.keys(fields).join(", ")}`,
    );
  const limit = Number(wanted);
  if (!Number.isFinite(limit))
    throw new UserError(`--fail-on: \`${text}\`: expected a number after ${operator}, got \`${wanted}\``);
  const field = fields[path as keyof typeof fields];
  return {
    text,
    meets: (layer) => {
      const value = field(layer) ?? null;
      return value !== null && holds(value, limit) ? value : null;
    },
  };
}

/**
 * Finds the layers that meet at least one condition. A layer that lacks a number meets no condition
 * on it.
 * @param report - The audit report.
 * @param conditions - The conditions, from `parseFailOn`.
 * @returns One entry for each pair of layer and condition that meet, in the order of the layers;
 * empty if none does.
 * @example
 * ```ts
 * import { auditModel, findFailures, parseFailOn } from "blindspot";
 *
 * const report = await auditModel("examples/glyphs.onnx", { data: "examples/one-class.npz" });
 * if (findFailures(report, parseFailOn("verdict=blind")).length > 0) console.log("a layer is blind");
 * ```
 */
export function findFailures(report: AuditReport, conditions: readonly Condition[]): Failure[] {
  return report.layers.flatMap((layer) =>
    conditions.flatMap(({ text, meets }) => {
      const value = meets(layer);
      return value === null ? [] : [{ layer: layer.name, condition: text, value }];
    }),
  );
}
