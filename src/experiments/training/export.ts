import { join } from "node:path";
import type { Tensor } from "../../base/tensor.js";
import { writeWholeFile } from "../../base/write-file.js";
import { type Network, onnxModel } from "../../nn/index.js";
import { writeNpz } from "../../tensor-files/index.js";
import { splitState } from "./learner.js";
import type { TrainingState } from "./procedure.js";

/** A batch of a run as `blindspot audit` reads it: class numbers, a target, or neither. */
export interface AuditBatch {
  readonly input: Tensor;
  readonly label?: Tensor;
  readonly target?: Tensor;
}

/**
 * Writes a trained network where `blindspot audit` can get at it: `model.onnx` as it is in training, `model.eval.onnx`
 * with running statistics, and `batch.npz`. `state` may hold more than the network's parameters and buffers, after them.
 */
export async function exportRun(
  folder: string,
  network: Network,
  state: TrainingState,
  batch: AuditBatch,
): Promise<void> {
  const { parameters, buffers } = splitState(network, state);
  const { shape } = batch.input;
  for (const [file, mode] of [
    ["model.onnx", "training"],
    ["model.eval.onnx", "evaluation"],
  ] as const)
    await writeWholeFile(join(folder, file), [onnxModel(network, parameters, buffers, { mode, shape })]);
  const tensors = Object.entries(batch).filter(([, tensor]) => tensor !== undefined);
  await writeNpz(join(folder, "batch.npz"), new Map(tensors));
}
