import type { AuditReport, BatchesReport, LayerReport } from "../audit/report/result.js";
import { baseName, duration, plural, significant } from "./format.js";

/** The sentences that the terminal and the HTML page have in common. */

/** Says what the report is about, in phrases: `mlp.onnx`, `64 samples of batch.npz`, … */
export function subject(report: AuditReport): string[] {
  const { loss, source } = report;
  const lossValue = loss.value === null ? "" : ` = ${significant(loss.value)}`;
  return [
    baseName(source.file),
    batchInWords(report),
    ...(report.batches === null ? [] : [cutInWords(report.batches)]),
    ...(loss.kind === "" ? [] : [`loss ${loss.kind}${lossValue}`]),
    ...(report.device === null ? [report.precision] : [`${report.precision} on ${report.device}`]),
    duration(report.elapsedMs),
  ];
}

/**
 * Describes the batch: `64 samples of batch.npz, all labelled 3`; `a trace of resnet18, one batch
 * of CIFAR-10`.
 */
export function batchInWords({ batch, source }: Pick<AuditReport, "batch" | "source">): string {
  if (batch !== null)
    return `${plural(batch.size, "sample")} of ${baseName(batch.file)}${labels(batch.labelCounts)}`;
  const recorded = [source.model, source.batch].filter((text) => text !== undefined);
  return recorded.length === 0 ? "a recorded trace" : `a trace of ${recorded.join(", ")}`;
}

/** Describes the batches of an audit: `10 batches of 64 (label:64)`. */
export function cutInWords({ count, sizes: { min, max }, how }: BatchesReport): string {
  const size = min === max ? `${max}` : `${min} to ${max}`;
  return `${plural(count, "batch", "batches")} of ${size} (${how})`;
}

/** The answers about the batches with their reasons, the answer first. */
export const answers = (report: AuditReport): readonly string[] => report.summary.why;

/** Says how many classes a batch has: batch normalization hides most on a batch of one class. */
function labels(counts: Record<string, number> | undefined): string {
  const present = Object.entries(counts ?? {}).filter(([, n]) => n > 0);
  if (present.length === 0) return "";
  return present.length === 1 ? `, all labelled ${present[0][0]}` : `, ${present.length} classes`;
}

/**
 * Says how many layers are blind or dim, which is the worst, what that means, and which layers
 * could not be measured.
 */
export function findings(report: AuditReport): string[] {
  const { blind, dim, layers, unmeasured } = report.summary;
  if (layers === 0) return ["The report contains no normalization layer."];
  const missing = report.layers.filter(({ verdict }) => verdict === "unmeasured");
  const gap =
    unmeasured.length === 0
      ? []
      : [
          `${plural(unmeasured.length, "layer")} of ${layers} could not be measured, which is not the same as clear: ${layerNames(missing)}.`,
        ];
  const all = flagged(report).filter(({ verdict }) => verdict !== "unmeasured");
  if (all.length === 0) return [...gap, ...(unmeasured.length === layers ? [] : [allClear(report)])];
  const be = (n: number): string => (n === 1 ? "is" : "are");
  const [some, others] = blind.length > 0 ? ([blind, dim] as const) : ([dim, []] as const);
  const first = `${some.length} of ${plural(layers, "layer")} ${be(some.length)} ${some === blind ? "blind" : "dim"}`;
  const second = others.length > 0 ? `, ${others.length} ${be(others.length)} dim` : "";
  const worst = all.length === 1 ? `: ${all[0].name}` : `; the worst is ${all[0].name}`;
  const harmless =
    report.summary.verdict === "harmless"
      ? ["On these batches, this costs nothing that the audit can see."]
      : [];
  return [`${first}${second}${worst}.`, ...gap, meaning(all), ...harmless];
}

/** Says that all measured layers are clear, and what that rests on. */
function allClear({ layers, summary }: AuditReport): string {
  const measured = layers.filter(({ verdict }) => verdict === "clear");
  const one = measured.length === 1;
  const some = summary.unmeasured.length > 0 ? `The other ${measured.length}` : `All ${measured.length}`;
  const who = one ? (summary.unmeasured.length > 0 ? "The other layer" : "The one layer") : `${some} layers`;
  if (measured.every(({ weights }) => weights === null))
    return `${who} ${one ? "blocks" : "block"} no more of the gradient energy than noise would lose. What the weights below lose is not measured.`;
  return `${who} ${one ? "is" : "are"} clear: on this batch, normalization hides little of the gradient from the weights below.`;
}

function meaning(layers: readonly LayerReport[]): string {
  const shared = layers.every(({ groupedBy }) => groupedBy === "channel")
    ? ["all samples of this batch", "samples"]
    : ["all elements with the same mean and variance", "these elements"];
  return (
    `There, normalization removes the part of the gradient that is common to ${shared[0]}: a shared ` +
    `slope or a shared curvature of the loss. Only differences between ${shared[1]} reach the weights below.`
  );
}

const severity = { clear: 0, unmeasured: 1, dim: 2, blind: 3 } as const;

/**
 * The blind and dim layers, the worst first: by verdict, then by `removed` over its chance level,
 * then by `blocked`. After them the layers that could not be measured.
 */
export function flagged(report: AuditReport): LayerReport[] {
  return report.layers
    .filter(({ verdict }) => verdict !== "clear")
    .sort(
      (a, b) =>
        severity[b.verdict] - severity[a.verdict] ||
        hidden(b) - hidden(a) ||
        b.shares.blocked - a.shares.blocked,
    );
}

/** `removed` over its chance level; `removed` itself where that is not known. */
const hidden = ({ weights }: LayerReport): number => weights?.overChance ?? weights?.removed ?? 0;

/**
 * Explanations of layers, split so that a sentence that many layers have in common is printed once.
 */
export interface Explanations {
  /** For each layer, the sentences that are printed with it. */
  readonly own: readonly { readonly layer: LayerReport; readonly lines: readonly string[] }[];
  /** Each common sentence with the layers it applies to. */
  readonly shared: readonly { readonly layers: readonly LayerReport[]; readonly line: string }[];
}

/**
 * Collects the reasons and the advice of the given layers. A sentence is common if at least two
 * layers have it and they are at least half of all. So advice is printed once, and a number that
 * two of many layers happen to have stays with each of them.
 */
export function explanations(layers: readonly LayerReport[]): Explanations {
  const users = new Map<string, LayerReport[]>();
  for (const layer of layers)
    for (const line of new Set(layer.why)) users.set(line, [...(users.get(line) ?? []), layer]);
  const shared = [...users].filter(([, { length }]) => length > 1 && 2 * length >= layers.length);
  const isShared = new Set(shared.map(([line]) => line));
  return {
    own: layers.map((layer) => ({ layer, lines: layer.why.filter((line) => !isShared.has(line)) })),
    shared: shared.map(([line, layers]) => ({ layers, line })),
  };
}

/** The first three names and the number of further ones: `bn1, bn2, bn3, 4 more`. */
export function layerNames(layers: readonly Pick<LayerReport, "name">[]): string {
  const names = layers.slice(0, 3).map(({ name }) => name);
  return [...names, ...(layers.length > 3 ? [`${layers.length - 3} more`] : [])].join(", ");
}
