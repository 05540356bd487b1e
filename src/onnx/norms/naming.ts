import type { GraphIndex } from "../graph-index.js";
import type { OnnxNode } from "../model.js";

/** Where the name of a layer can come from, best source first. */
export interface NameSources {
  /** Name of the value that holds γ; null if there is none. */
  readonly scale: string | null;
  /** Name of the value that holds the running mean; null if there is none. */
  readonly runningMean: string | null;
  /** The node that writes the layer's output. */
  readonly node: OnnxNode;
}

/**
 * The name by which the user knows a layer. PyTorch names the scale `<layer>.weight`. The running
 * statistics give the name if the scale belongs to another layer (exporters store equal
 * initializers once) or is no parameter (affine=False). Without running statistics, the node gives
 * the name.
 */
export function layerName(index: GraphIndex, { scale, runningMean, node }: NameSources): string {
  const byScale = scale && stem(index, scale, ".weight");
  const byStatistics = runningMean && stem(index, runningMean, ".running_mean");
  if (byScale && byStatistics && byScale !== byStatistics) {
    const shared = (value: string) => index.readers(index.source(value)).length > 1;
    return shared(scale) && !shared(runningMean) ? byStatistics : byScale;
  }
  return byScale || byStatistics || scopeOf(node);
}

/** `layer` of a parameter `layer.weight`; null if `value` is no parameter or has a made-up name. */
function stem(index: GraphIndex, value: string, suffix: string): string | null {
  if (index.writer(value)?.op === "Identity" && value.endsWith(suffix)) return value.slice(0, -suffix.length);
  const found = index.initializer(value);
  if (!found || found.constant || isAnonymous(found.name)) return null;
  return found.name.endsWith(suffix) ? found.name.slice(0, -suffix.length) : found.name;
}

/** Whether an exporter made up this name: `123`, `onnx::Conv_123`. */
export const isAnonymous = (name: string): boolean => /^\d+$|^onnx::/.test(name);

/**
 * The module of a node: PyTorch names the node of `layer1.bn1` `/layer1/bn1/BatchNormalization`.
 */
export function scopeOf(node: OnnxNode): string {
  const parts = node.name.split("/").filter(Boolean);
  return node.name.startsWith("/") && parts.length > 1 ? parts.slice(0, -1).join(".") : node.name;
}

/** Makes names unique, in order of appearance: `bn`, `bn#2`, `bn#3`. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let count = 2; taken.has(unique); count++) unique = `${name}#${count}`;
    taken.add(unique);
    return unique;
  });
}
