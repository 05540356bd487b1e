import { version } from "../../base/version.js";
import type { CallerKey, KeyPart } from "../../engine/index.js";
import type { OnnxModel } from "../../onnx/index.js";

/**
 * The key under which a cache finds a measuring program without tracing its function. `parts` must
 * hold everything that the program depends on: the contents of model and batch, and all options.
 *
 * @returns null for a model whose program may depend on files beside it, such as external data.
 */
export function measuringKey(model: OnnxModel, parts: readonly KeyPart[]): CallerKey | null {
  return dependsOnOtherFiles(model) ? null : ["audit", version, ...parts];
}

const dependsOnOtherFiles = ({ initializers, nodes }: OnnxModel): boolean =>
  [...initializers.values()].some(({ external }) => external) ||
  nodes.some(({ attributes }) => attributes.graphs().length > 0);
