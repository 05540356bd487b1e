import { join } from "node:path";
import type { Tensor } from "../../base/tensor.js";
import { writeWholeFile } from "../../base/write-file.js";
import { type Network, onnxModel } from "../../nn/index.js";
import { writeNpz } from "../../tensor-files/index.js";
import { splitState } from "./learner.js";
import type { TrainingState } from "./procedure.js";

/** A batch in the form that `blindspot audit` reads. */
export interface AuditBatch {
  readonly input: Tensor;
  /** Class numbers. */
  readonly label?: Tensor;
  /** Targets of a regression. */
  readonly target?: Tensor;
}

/**
 * Writes a trained network and a batch for `blindspot audit`: `model.onnx` in training mode,
 * `model.eval.onnx` with running statistics, and `batch.npz`.
 *
 * @param folder the folder of the run.
 * @param network the network.
 * @param state a training state that starts with the network's parameters and buffers.
 * @param batch the batch.
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
