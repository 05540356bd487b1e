import { existsSync } from "node:fs";
import { UserError } from "../../base/errors.js";
import { openTensorFile, readTensor, writeSafetensors } from "../../tensor-files/index.js";
import type { TrainingState } from "./procedure.js";

/** The state of training after a number of steps. */
export interface Checkpoint {
  readonly step: number;
  readonly state: TrainingState;
}

/** Writes a checkpoint as safetensors, whole or not at all. `settings` identifies the run. */
export async function writeCheckpoint(
  path: string,
  { step, state }: Checkpoint,
  names: readonly string[],
  settings: string,
): Promise<void> {
  const tensors = new Map(state.map((tensor, i) => [names[i], tensor]));
  await writeSafetensors(path, tensors, { step: String(step), settings });
}

/**
 * Reads a checkpoint; null where there is none. Throws a UserError where it belongs to a run with
 * other settings.
 */
export async function readCheckpoint(
  path: string,
  names: readonly string[],
  settings: string,
): Promise<Checkpoint | null> {
  if (!existsSync(path)) return null;
  const file = await openTensorFile(path);
  try {
    const step = Number(file.metadata.get("step"));
    if (file.metadata.get("settings") !== settings || !Number.isSafeInteger(step))
      throw new UserError(
        `${path}: expected a checkpoint of these settings, got one of other settings; choose another --out or leave out --resume`,
      );
    const state = await Promise.all(
      names.map((name) => {
        const entry = file.entries.find((e) => e.name === name);
        if (!entry) throw new UserError(`${path}: expected tensor ${name}, found none; leave out --resume`);
        return readTensor(file, entry);
      }),
    );
    return { step, state };
  } finally {
    await file.close();
  }
}
