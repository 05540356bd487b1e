import type { AuditReport, LayerReport } from "../audit/report/result.js";
import { baseName, duration, plural, significant } from "./format.js";

/** What a report says in plain sentences; the terminal and the HTML page both speak them. */

/** What was measured, on what, how: `mlp.onnx`, `64 samples of batch.npz`, … */
export function subject(report: AuditReport): string[] {
  const { loss, source } = report;
  const lossValue = loss.value === null ? "" : ` = ${significant(loss.value)}`;
  return [
    baseName(source.file),
    batchInWords(report),
    ...(loss.kind === "" ? [] : [`loss ${loss.kind}${lossValue}`]),
    ...(report.device === null ? [report.precision] : [`${report.precision} on ${report.device}`]),
    duration(report.elapsedMs),
  ];
}

/** `64 samples of batch.npz, all labelled 3`; `a trace of resnet18, one batch of CIFAR-10`. */
export function batchInWords({ batch, source }: Pick<AuditReport, "batch" | "source">): string {
  if (batch !== null)
    return `${plural(batch.size, "sample")} of ${baseName(batch.file)}${labels(batch.labelCounts)}`;
  const recorded = [source.model, source.batch].filter((text) => text !== undefined);
  return recorded.length === 0 ? "a recorded trace" : `a trace of ${recorded.join(", ")}`;
}

/** How the labels of a batch are spread: a batch of one class is where batch normalization hides most. */
function labels(counts: Record<string, number> | undefined): string {
  const present = Object.entries(counts ?? {}).filter(([, n]) => n > 0);
  if (present.length === 0) return "";
  return present.length === 1 ? `, all labelled ${present[0][0]}` : `, ${present.length} classes`;
}

/** The finding: how many layers are blind or dim, which is worst, what that means. */
export function findings(report: AuditReport): string[] {
  const { blind, dim, layers } = report.summary;
  if (layers === 0) return ["No normalization layer was measured."];
  const all = flagged(report);
  if (all.length === 0) {
    const none = layers === 1 ? "The one layer is clear" : `All ${layers} layers are clear`;
    return [`${none}: on this batch, normalization hides little of the gradient from the weights below.`];
  }
  const be = (n: number): string => (n === 1 ? "is" : "are");
  const [some, others] = blind.length > 0 ? ([blind, dim] as const) : ([dim, []] as const);
  const first = `${some.length} of ${plural(layers, "layer")} ${be(some.length)} ${some === blind ? "blind" : "dim"}`;
  const second = others.length > 0 ? `, ${others.length} ${be(others.length)} dim` : "";
  const worst = all.length === 1 ? `: ${all[0].name}` : `; the worst is ${all[0].name}`;
  return [`${first}${second}${worst}.`, meaning(all)];
}

function meaning(layers: readonly LayerReport[]): string {
  const shared = layers.every(({ groupedBy }) => groupedBy === "channel")
    ? ["the samples of this batch", "what differs from sample to sample"]
    : ["the elements that share a mean and a variance", "what differs between them"];
  return (
    `What ${shared[0]} ask for in common – a shared slope or a shared curvature of the loss – is ` +
    `removed there; only ${shared[1]} reaches the weights below.`
  );
}

const severity = { clear: 0, dim: 1, blind: 2 } as const;

/** The blind and dim layers, the worst first: by verdict, then by what the weights lose, then by energy. */
export function flagged(report: AuditReport): LayerReport[] {
  return report.layers
    .filter(({ verdict }) => verdict !== "clear")
    .sort(
      (a, b) =>
        severity[b.verdict] - severity[a.verdict] ||
        (b.weights?.removed ?? 0) - (a.weights?.removed ?? 0) ||
        b.shares.blocked - a.shares.blocked,
    );
}

/** What explains one layer alone, and what holds for several and is said once. */
export interface Explanations {
  readonly own: readonly { readonly layer: LayerReport; readonly lines: readonly string[] }[];
  readonly shared: readonly { readonly layers: readonly LayerReport[]; readonly line: string }[];
}

/**
 * The reasons and advice of the given layers. What at least half of them have in common, as most advice, is said
 * once for all; a number that two of many happen to share stays with each.
 */
export function explanations(layers: readonly LayerReport[]): Explanations {
  const users = new Map<string, LayerReport[]>();
  for (const layer of layers)
    for (const line of new Set(layer.why)) users.set(line, [...(users.get(line) ?? []), layer]);
  const isOwn = (line: string): boolean => {
    const { length } = users.get(line)!;
    return length === 1 || 2 * length < layers.length;
  };
  return {
    own: layers.map((layer) => ({ layer, lines: layer.why.filter(isOwn) })),
    shared: [...users].flatMap(([line, layers]) => (isOwn(line) ? [] : [{ layers, line }])),
  };
}

/** The first names and how many more. */
export function layerNames(layers: readonly Pick<LayerReport, "name">[]): string {
  const names = layers.slice(0, 3).map(({ name }) => name);
  return [...names, ...(layers.length > 3 ? [`${layers.length - 3} more`] : [])].join(", ");
}
