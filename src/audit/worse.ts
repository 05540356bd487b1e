import type { AgreementReport, AuditReport, BatchVerdict, Verdict } from "./report/result.js";

/** One thing that is worse in the second of two reports. */
export interface Worsening {
  /** Name of the layer; null for the answers about the batches and for the whole network. */
  readonly layer: string | null;
  /** The field of the report, such as `verdict` or `network.compositionEffect`. */
  readonly field: string;
  /** The value in the first and in the second report. */
  readonly a: string;
  readonly b: string;
}

/** A composition effect has grown if it exceeds the former one by this much, besides its spread. */
export const DEFAULT_TOLERANCE = 0.05;

/**
 * The spread of a difference of two effects counts this many times, about 95 % for normal numbers.
 */
const DEVIATIONS = 2;

/**
 * Verdicts of layers and of batches, from good to bad. A verdict that is not listed has no order.
 */
const verdicts: readonly Verdict[] = ["clear", "dim", "blind"];
const batchVerdicts: readonly BatchVerdict[] = ["harmless", "doubtful", "harmful"];

/**
 * Finds what is worse in report `b` than in report `a`: a verdict that is at least one step up, of
 * a layer or of the batches, or a composition effect that has grown by more than its spread over
 * the random cuts and the tolerance. Layers are matched by name.
 * @param a - The first report, such as the one of the last release.
 * @param b - The second report.
 * @param tolerance - Growth of a composition effect that is accepted besides its spread. Default
 * 0.05.
 * @returns One entry for each worsening; empty if nothing is worse.
 * @example
 * ```ts
 * import { auditModel, findWorse } from "blindspot";
 *
 * const mixed = await auditModel("examples/glyphs.onnx", { data: "examples/mixed.npz" });
 * const oneClass = await auditModel("examples/glyphs.onnx", { data: "examples/one-class.npz" });
 * for (const { layer, field, a, b } of findWorse(mixed, oneClass)) console.log(layer, field, a, b);
 * ```
 */
export function findWorse(a: AuditReport, b: AuditReport, tolerance = DEFAULT_TOLERANCE): Worsening[] {
  const former = new Map(a.layers.map((layer) => [layer.name, layer]));
  const ofBatches = (["verdict", "normToBlame"] as const).flatMap((field) =>
    isUp(batchVerdicts, a.summary[field], b.summary[field])
      ? [{ layer: null, field: `summary.${field}`, a: a.summary[field], b: b.summary[field] }]
      : [],
  );
  const ofNetwork = grown(a.batches?.network, b.batches?.network, tolerance).map((values) => ({
    layer: null,
    field: "network.compositionEffect",
    ...values,
  }));
  const ofLayers = b.layers.flatMap(({ name, verdict, agreement }): Worsening[] => {
    const before = former.get(name);
    if (before === undefined) return [];
    return [
      ...(isUp(verdicts, before.verdict, verdict)
        ? [{ layer: name, field: "verdict", a: before.verdict, b: verdict }]
        : []),
      ...grown(before.agreement, agreement, tolerance).map((values) => ({
        layer: name,
        field: "compositionEffect",
        ...values,
      })),
    ];
  });
  return [...ofBatches, ...ofNetwork, ...ofLayers];
}

/** Whether a verdict is at least one step up. */
function isUp<T>(order: readonly T[], a: T, b: T): boolean {
  const [from, to] = [order.indexOf(a), order.indexOf(b)];
  return from >= 0 && to > from;
}

/** Both effects, if the second is larger by more than their spread and the tolerance. */
function grown(
  a: AgreementReport | null | undefined,
  b: AgreementReport | null | undefined,
  tolerance: number,
): { a: string; b: string }[] {
  if (!a || !b) return [];
  const spread = DEVIATIONS * Math.hypot(a.shuffled.sd, b.shuffled.sd);
  if (b.compositionEffect - a.compositionEffect <= spread + tolerance) return [];
  return [{ a: a.compositionEffect.toFixed(3), b: b.compositionEffect.toFixed(3) }];
}
