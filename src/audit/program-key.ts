import { codeHash } from "../engine/cache/code-hash.js";
import type { CallerKey, KeyPart } from "../engine/index.js";
import type { OnnxModel } from "../onnx/index.js";
import type { LayerResults, Measurement } from "./measure.js";

/**
 * The key under which a measuring graph is found again without tracing: the code that opens models and measures, the contents of
 * model and batch, and `options`. None for a model whose program may lie in files beside it.
 */
export function measuringKey(
  model: OnnxModel,
  { layers }: Measurement,
  options: readonly KeyPart[],
): CallerKey | undefined {
  const code = codeHash(["audit", "onnx", "theory"]);
  if (code === undefined || isSpread(model)) return undefined;
  return {
    parts: [code, ...options],
    learnt: () => layers,
    restore: (learnt) => void layers.splice(0, layers.length, ...(learnt as LayerResults[])),
  };
}

const isSpread = ({ initializers, nodes }: OnnxModel): boolean =>
  [...initializers.values()].some(({ external }) => external) ||
  nodes.some(({ attributes }) => attributes.graphs().length > 0);
