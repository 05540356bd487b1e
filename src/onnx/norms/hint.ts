import type { OnnxModel, OnnxNode } from "../model.js";
import { findWeightNorms } from "./find.js";
import { isAnonymous } from "./naming.js";
import { nestedNormsInWords } from "./nested.js";

/**
 * The export call that keeps batch normalization. In evaluation mode PyTorch folds it into the
 * convolutions before it.
 */
const exportCall =
  'model.train(); torch.onnx.export(model, x, "model.onnx", training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False)';

/**
 * The message for a model without normalization layers: why there may be none, and how to export
 * the model with its layers.
 *
 * @param model - A decoded model in which `findNorms` found nothing.
 * @returns One line that names the file.
 * @example
 * ```ts
 * import { findNorms, missingNormsHint, readModel } from "blindspot/onnx";
 *
 * const model = await readModel("examples/glyphs.onnx");
 * if (findNorms(model).length === 0) console.error(missingNormsHint(model));
 * ```
 */
export function missingNormsHint(model: OnnxModel): string {
  const seen = seenInstead(model);
  if (seen !== null) return `${model.path}: no normalization layer of the batch found: ${seen}`;
  const biased = model.nodes.filter(isConvolution).filter((n) => n.inputs[2]);
  const why =
    biased.length > 0
      ? `its ${biased.length} convolution(s) have biases, so the exporter may have folded batch normalization into them`
      : "neither as single nodes nor as the groups of nodes that PyTorch writes";
  return `${model.path}: no normalization layer found, ${why}; if the network has some, export it in training mode: ${exportCall}`;
}

/** What was found in place of layers; null where nothing looks like a normalization. */
function seenInstead(model: OnnxModel): string | null {
  const nested = nestedNormsInWords(model.nodes);
  if (nested !== null)
    return `${nested}, where they cannot be measured; export the model without control flow, or record a trace instead`;
  const weights = findWeightNorms(model);
  if (weights.length > 0)
    return `${weights.length} normalization(s) such as ${weights[0].name} standardize a weight, which hides nothing of the batch`;
  const foreign = model.nodes.find(({ op, domain }) => domain !== "" && /norm/i.test(op));
  if (foreign)
    return `node "${foreign.name}" is a ${foreign.domain}.${foreign.op}, which is not read; export the model with operators of ONNX itself, or record a trace instead`;
  return null;
}

/**
 * The warning for a model of which only some layers are left: PyTorch has folded others into
 * convolutions. A folded weight and bias lose their parameter names, which is how they are
 * recognized.
 *
 * @param model - A decoded model.
 * @returns One line, or null if no convolution looks folded.
 * @example
 * ```ts
 * import { partlyFusedHint, readModel } from "blindspot/onnx";
 *
 * const hint = partlyFusedHint(await readModel("examples/glyphs.onnx"));
 * if (hint !== null) console.warn(hint);
 * ```
 */
export function partlyFusedHint(model: OnnxModel): string | null {
  const folded = model.nodes.filter(
    (n) =>
      isConvolution(n) &&
      n.inputs.length > 2 &&
      n.inputs.slice(1).every((name) => isAnonymous(name) && model.initializers.has(name)),
  );
  if (folded.length === 0) return null;
  return `${folded.length} convolution(s) such as "${folded[0].name}" have weights without names: the exporter has folded normalization layers into them, and these layers are missing here; export in training mode: ${exportCall}`;
}

const isConvolution = (node: OnnxNode): boolean => node.op === "Conv" || node.op === "ConvTranspose";
