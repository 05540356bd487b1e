import { UserError } from "../base/errors.js";
import type { AuditReport, LayerReport, Verdict } from "./report/result.js";

/** A layer that meets a condition of `--fail-on`. */
export interface Failure {
  readonly layer: string;
  /** As the user wrote it. */
  readonly condition: string;
  readonly value: number | Verdict;
}

/** One condition of `--fail-on`: a field of a layer, compared with a value. */
export interface Condition {
  readonly text: string;
  /** The value of the layer if it meets the condition, else null. */
  readonly meets: (layer: LayerReport) => number | Verdict | null;
}

/** Paths to the numbers of a layer, such as `shares.blocked`; a new number in the schema must be listed below. */
type NumericPath<T, Prefix extends string = ""> = {
  [K in keyof T & string]: NonNullable<T[K]> extends number
    ? `${Prefix}${K}`
    : NonNullable<T[K]> extends readonly unknown[] | string
      ? never
      : NumericPath<NonNullable<T[K]>, `${Prefix}${K}.`>;
}[keyof T & string];

/** In order of precedence: a bare name means the first path that ends with it. Taylor terms are not among them. */
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
  "energy.total": ({ energy }) => energy.total,
  "energy.passed": ({ energy }) => energy.passed,
  "energy.first": ({ energy }) => energy.first,
  "energy.diag": ({ energy }) => energy.diag,
  "leak.mean": ({ leak }) => leak?.mean,
  "leak.max": ({ leak }) => leak?.max,
  "affine.gradGamma": ({ affine }) => affine?.gradGamma,
  "affine.gradBeta": ({ affine }) => affine?.gradBeta,
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

/** Verdicts in order, so that `verdict>=dim` means dim or blind. */
const verdicts: readonly Verdict[] = ["clear", "dim", "blind"];

/**
 * The conditions of `--fail-on`: comparisons (`<`, `<=`, `>`, `>=`, `=`, `!=`) of any number of a layer, or of
 * its verdict, joined by `,` meaning any. Fields are written as in the report (`weights.removed`) or by their
 * last part (`removed`).
 * @throws UserError naming the part that is wrong and what exists.
 */
export function parseFailOn(list: string): Condition[] {
  return list.split(",").map((part) => parseCondition(part.trim()));
}

function parseCondition(text: string): Condition {
  const [, name, operator, wanted] = /^([\w.]+)\s*(<=|>=|!=|<|>|=)\s*([^\s<>=!]+)$/.exec(text) ?? [];
  if (name === undefined || operator === undefined || wanted === undefined)
    throw new UserError(
      `--fail-on: expected conditions like removed>0.9 or verdict=blind joined by \`,\`, got \`${text}\``,
    );
  const holds = comparisons[operator];

  if (name === "verdict") {
    const limit = verdicts.indexOf(wanted as Verdict);
    if (limit < 0)
      throw new UserError(
        `--fail-on: \`${text}\`: expected a verdict of ${verdicts.join(", ")}, got \`${wanted}\``,
      );
    return { text, meets: ({ verdict }) => (holds(verdicts.indexOf(verdict), limit) ? verdict : null) };
  }

  const path = Object.keys(fields).find((path) => path === name || path.endsWith(`.${name}`));
  if (path === undefined)
    throw new UserError(
      `--fail-on: \`${text}\`: a layer has no field ${name}; it has verdict, ${Object.keys(fields).join(", ")}`,
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

/** Every layer and condition that meet, in the order of the layers. A value the layer lacks meets none. */
export function findFailures(report: AuditReport, conditions: readonly Condition[]): Failure[] {
  return report.layers.flatMap((layer) =>
    conditions.flatMap(({ text, meets }) => {
      const value = meets(layer);
      return value === null ? [] : [{ layer: layer.name, condition: text, value }];
    }),
  );
}
