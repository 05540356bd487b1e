import type { GraphIndex } from "../graph-index.js";
import type { OnnxNode } from "../model.js";

/** What the name of a layer can be taken from, best first. */
export interface NameSources {
  readonly scale: string | null;
  readonly runningMean: string | null;
  readonly node: OnnxNode;
}

/**
 * The name a user knows a layer by. PyTorch names parameters `layer.weight`, so the scale's initializer says
 * it, unless that belongs to another layer (equal initializers are stored once) or is a number of the
 * program (affine=False): then the running statistics, then the node.
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

/** `layer` of a parameter called `layer.weight`, where `value` is one and its name tells anything. */
function stem(index: GraphIndex, value: string, suffix: string): string | null {
  if (index.writer(value)?.op === "Identity" && value.endsWith(suffix)) return value.slice(0, -suffix.length);
  const found = index.initializer(value);
  if (!found || found.constant || isAnonymous(found.name)) return null;
  return found.name.endsWith(suffix) ? found.name.slice(0, -suffix.length) : found.name;
}

/** Names that an exporter made up: `123`, `onnx::Conv_123`. */
export const isAnonymous = (name: string): boolean => /^\d+$|^onnx::/.test(name);

/** `/layer1/bn1/BatchNormalization` → `layer1.bn1`: PyTorch writes the module's path into node names. */
export function scopeOf(node: OnnxNode): string {
  const parts = node.name.split("/").filter(Boolean);
  return node.name.startsWith("/") && parts.length > 1 ? parts.slice(0, -1).join(".") : node.name;
}

/** Makes names unique in order of appearance: `bn`, `bn#2`, `bn#3`. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let count = 2; taken.has(unique); count++) unique = `${name}#${count}`;
    taken.add(unique);
    return unique;
  });
}
