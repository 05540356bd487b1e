import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../base/errors.js";
import { Random } from "../../base/random.js";
import type { Tensor } from "../../base/tensor.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { EVENT_FILE, EventFile } from "./event-file.js";
import { type Metrics, MetricsFile } from "./metrics.js";
import { Pace } from "./pace.js";
import type { Procedure, TrainingState } from "./procedure.js";
import { Stepper } from "./stepper.js";

/** A training run: the same settings give the same parameters, bit for bit, interrupted or not. */
export interface TrainingRun {
  readonly procedure: Procedure;
  /** Everything the run depends on; a checkpoint of other settings is not resumed. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly steps: number;
  /** The batch of the step after `step` steps: always the same for the same number, of one shape. */
  readonly batch: (step: number) => readonly Tensor[];
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** More to measure at checkpoints (and at the start), such as the accuracy on the test set. */
  readonly measure?: (state: TrainingState) => Promise<Readonly<Record<string, number>>>;
  readonly record?: RecordOptions;
}

/** What norm layers block during training (see `recordedNumbers`). */
export interface RecordOptions {
  /** In the first step and every so many after it. Default 10. */
  readonly every?: number;
  /** Which layers; all unless told. */
  readonly layers?: (layer: string) => boolean;
}

export interface TrainingOptions {
  /** Where `checkpoint.safetensors`, `metrics.jsonl` and a TensorBoard event file are kept; made if missing. */
  readonly folder: string;
  /** Go on from the checkpoint in `folder`, if there is one. */
  readonly resume?: boolean;
  readonly onProgress?: (message: string) => void;
}

/** Trains to the end and returns the last state with all metrics: the losses of every step, and what was measured. */
export async function train(
  run: TrainingRun,
  { folder, resume = false, onProgress = () => {} }: TrainingOptions,
): Promise<{ state: TrainingState; metrics: Metrics[] }> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "checkpoint.safetensors");
  const { names } = run.procedure;
  const { every = 10, layers = () => true } = run.record ?? {};
  const settings = JSON.stringify({
    ...run.settings,
    seed: run.seed,
    steps: run.steps,
    ...(run.record && { recordEvery: every }),
  });
  const measured = async (state: TrainingState) => (await run.measure?.(state)) ?? {};
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
    if (run.measure) append([{ step: 0, ...(await measured(start.state)) }]);
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
    pending.push({ step, ...losses, ...recording, ...(atCheckpoint && (await measured(stepper.state))) });
    if (!atCheckpoint && !pace.due) continue;
    // Metrics first: those beyond the checkpoint are dropped on resuming, missing ones could not be made up for.
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
      throw new UserError(`step ${step}: ${name} is ${loss}, expected a finite number; the run diverged`);
}
