import { rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../base/errors.js";
import { makeFolder } from "../../base/make-folder.js";
import { Random } from "../../base/random.js";
import type { Tensor } from "../../base/tensor.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { EVENT_FILE, EventFile } from "./event-file.js";
import { type Metrics, MetricsFile } from "./metrics.js";
import { Pace } from "./pace.js";
import type { Procedure, TrainingState } from "./procedure.js";
import { Stepper } from "./stepper.js";

/**
 * A training run. Equal settings give equal parameters, bit for bit, whether or not the run was
 * interrupted.
 */
export interface TrainingRun {
  readonly procedure: Procedure;
  /** Everything that the run depends on. A checkpoint of other settings is refused. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly steps: number;
  /**
   * The batch that follows after `step` steps. Equal numbers give equal batches, and all batches
   * have one shape.
   */
  readonly batch: (step: number) => readonly Tensor[];
  /** Steps from one checkpoint to the next. */
  readonly checkpointEvery: number;
  /**
   * Evaluates the state at the start and at every checkpoint, such as the accuracy on the test set.
   */
  readonly evaluate?: (state: TrainingState) => Promise<Readonly<Record<string, number>>>;
  /** Records what norm layers block. Default: nothing is recorded. */
  readonly record?: RecordOptions;
}

/** Which steps and norm layers are recorded (see `recordedNumbers`). */
export interface RecordOptions {
  /** Steps from one recorded step to the next. The first step is recorded. Default: 10. */
  readonly every?: number;
  /** Whether to record a layer, by its name. Default: all layers. */
  readonly layers?: (layer: string) => boolean;
}

/** Where and how a run is trained. */
export interface TrainingOptions {
  /**
   * The folder for `checkpoint.safetensors`, `metrics.jsonl` and a TensorBoard event file. Made
   * where missing.
   */
  readonly folder: string;
  /** Continue from the checkpoint in `folder` where there is one. Default: false. */
  readonly resume?: boolean;
  readonly onProgress?: (message: string) => void;
}

/**
 * Trains to the last step.
 *
 * @returns the last state, and the metrics of every step: losses, and what was recorded and
 * evaluated.
 * @throws UserError where a loss is not finite or the checkpoint belongs to other settings.
 */
export async function train(
  run: TrainingRun,
  { folder, resume = false, onProgress = () => {} }: TrainingOptions,
): Promise<{ state: TrainingState; metrics: Metrics[] }> {
  makeFolder(folder);
  const path = join(folder, "checkpoint.safetensors");
  const { names } = run.procedure;
  const { every = 10, layers = () => true } = run.record ?? {};
  const settings = JSON.stringify({
    ...run.settings,
    seed: run.seed,
    steps: run.steps,
    ...(run.record && { recordEvery: every }),
  });
  const evaluated = async (state: TrainingState) => (await run.evaluate?.(state)) ?? {};
  const file = new MetricsFile(join(folder, "metrics.jsonl"));
  const files = [file, new EventFile(join(folder, EVENT_FILE))];
  const restart = (step: number) => {
    for (const f of files) f.restart(step);
  };
  const append = (metrics: readonly Metrics[]) => {
    for (const f of files) f.append(metrics);
  };

  let start: Checkpoint | null = resume ? await readCheckpoint(path, names, settings) : null;
  if (start === null) {
    rmSync(path, { force: true });
    start = { step: 0, state: run.procedure.initial(new Random(run.seed)) };
    restart(-1);
    if (run.evaluate) append([{ step: 0, ...(await evaluated(start.state)) }]);
  } else {
    restart(start.step);
    onProgress(`resumed at step ${start.step} of ${run.steps}`);
  }

  let { step } = start;
  let pending: Metrics[] = [];
  await using stepper = await Stepper.compile(run.procedure, start.state, run.batch(0));
  const pace = new Pace(step, run.steps, run.batch(0)[0]?.shape[0] ?? 0);
  while (step < run.steps) {
    const batch = run.batch(step);
    const recorded = run.record !== undefined && step % every === 0;
    step++;
    const { losses, recording } = await stepper.step(step, batch, recorded ? layers : null);
    checkFinite(step, losses);
    const atCheckpoint = step % run.checkpointEvery === 0 || step === run.steps;
    pending.push({ step, ...losses, ...recording, ...(atCheckpoint && (await evaluated(stepper.state))) });
    if (!atCheckpoint && !pace.due) continue;
    // Metrics are written before the checkpoint. A resumed run drops lines beyond its checkpoint
    // but could not restore missing lines.
    append(pending);
    pending = [];
    if (atCheckpoint) await writeCheckpoint(path, { step, state: stepper.state }, names, settings);
    if (pace.due) onProgress(pace.report(step, losses));
  }
  return { state: stepper.state, metrics: file.read() };
}

function checkFinite(step: number, losses: Readonly<Record<string, number>>): void {
  for (const [name, loss] of Object.entries(losses))
    if (!Number.isFinite(loss))
      throw new UserError(
        `step ${step}: expected a finite ${name}, got ${loss}: the run diverged; choose a smaller rate`,
      );
}
