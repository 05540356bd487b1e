import { version } from "../base/version.js";
import type { CallerKey, KeyPart } from "../engine/index.js";
import type { LayerResults, Measurement } from "../measure/measuring-function.js";
import type { OnnxModel } from "../onnx/index.js";

/**
 * The key under which a measuring graph is found again without tracing. `parts` tell the contents of model and batch and all options
 * that the graph depends on. None for a model whose program may lie in files beside it.
 */
export function measuringKey(
  model: OnnxModel,
  { layers }: Measurement,
  parts: readonly KeyPart[],
): CallerKey | undefined {
  if (isSpread(model)) return undefined;
  return {
    parts: ["audit", version, ...parts],
    learnt: () => layers,
    restore: (learnt) => void layers.splice(0, layers.length, ...(learnt as LayerResults[])),
  };
}

const isSpread = ({ initializers, nodes }: OnnxModel): boolean =>
  [...initializers.values()].some(({ external }) => external) ||
  nodes.some(({ attributes }) => attributes.graphs().length > 0);
