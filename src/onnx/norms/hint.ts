import type { OnnxModel, OnnxNode } from "../model.js";
import { isAnonymous } from "./naming.js";

/** The export call that keeps batch normalization: PyTorch folds it into convolutions in evaluation mode. */
const exportCall =
  'model.train(); torch.onnx.export(model, x, "model.onnx", training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False)';

/** Why a model shows no normalization layer, and how to export one that does. */
export function missingNormsHint(model: OnnxModel): string {
  const biased = model.nodes.filter(isConvolution).filter((n) => n.inputs[2]);
  const why =
    biased.length > 0
      ? `its ${biased.length} convolution(s) have biases, so the exporter may have folded batch normalization into them`
      : "neither as nodes nor in the forms PyTorch writes out";
  return `${model.path}: no normalization layer found, ${why}; if the network has some, export it in training mode: ${exportCall}`;
}

/**
 * A warning where batch normalization was folded into some convolutions of a model that shows other layers:
 * PyTorch's exporter leaves the folded weight and bias without the names of parameters.
 */
export function partlyFusedHint(model: OnnxModel): string | null {
  const folded = model.nodes.filter(
    (n) =>
      isConvolution(n) &&
      n.inputs.length > 2 &&
      n.inputs.slice(1).every((name) => isAnonymous(name) && model.initializers.has(name)),
  );
  if (folded.length === 0) return null;
  return `${folded.length} convolution(s) such as "${folded[0].name}" have weights without names: the exporter has folded layers into them that are missing here; export in training mode: ${exportCall}`;
}

const isConvolution = (node: OnnxNode): boolean => node.op === "Conv" || node.op === "ConvTranspose";
