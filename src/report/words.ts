import type { AuditReport, LayerReport } from "../audit/result.js";
import { baseName, cosine, duration, percent, plural, significant } from "./format.js";

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
  return present.length === 1 ? `, all labelled ${present[0]![0]}` : `, ${present.length} classes`;
}

/** The finding: how many layers are blind or dim, which is worst, what that means. */
export function findings(report: AuditReport): string[] {
  const { blind, dim, layers } = report.summary;
  if (layers === 0) return ["No normalization layer was measured."];
  const flagged = blind.length + dim.length;
  if (flagged === 0) {
    const none = layers === 1 ? "The one layer is clear" : `All ${layers} layers are clear`;
    return [`${none}: on this batch, normalization hides little of the gradient from the weights below.`];
  }
  const found = [
    ...(blind.length > 0 ? [`${blind.length} of ${plural(layers, "layer")} ${be(blind.length)} blind`] : []),
    ...(dim.length > 0
      ? [
          blind.length > 0
            ? `${dim.length} ${be(dim.length)} dim`
            : `${dim.length} of ${plural(layers, "layer")} ${be(dim.length)} dim`,
        ]
      : []),
  ].join(", ");
  return [`${found}.`, ...worst(report), MEANING];
}

const MEANING =
  "What the samples of this batch ask for in common – a shared slope or a shared curvature of the loss – is removed there; only what differs from sample to sample reaches the weights below.";

const be = (n: number): string => (n === 1 ? "is" : "are");

function worst(report: AuditReport): string[] {
  const named = report.summary.worst;
  const layer = named && report.layers.find(({ name }) => name === named.name);
  if (layer?.weights) {
    const { name, removed, kept } = layer.weights;
    return [
      `Worst is ${layer.name}: from the gradient of ${name} it takes a part ${percent(removed)} as long as the whole; ` +
        `${percent(kept)} of the length remains, at cosine ${cosine(layer.weights.cosine)} to the whole.`,
    ];
  }
  const most = mostBlocked(report.layers);
  return most === undefined
    ? []
    : [
        `Most is blocked at ${most.name}: ${percent(most.shares.blocked)} of the gradient's energy, ${againstChance(most)}.`,
      ];
}

const mostBlocked = (layers: readonly LayerReport[]): LayerReport | undefined =>
  layers.reduce<LayerReport | undefined>(
    (most, layer) => (most && most.shares.blocked >= layer.shares.blocked ? most : layer),
    undefined,
  );

/** How the blocked share compares with what noise would lose: `18 times the chance level`. */
export function againstChance({ shares: { blocked, chance } }: LayerReport): string {
  if (chance === 0) return "with no chance level to compare";
  const times = blocked / chance;
  if (times < 0.1) return "far below the chance level";
  if (times < 1.5) return "about the chance level";
  return `${times < 10 ? times.toFixed(1) : Math.round(times)} times the chance level`;
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
