import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../datasets/random.js";
import { compile, type Program } from "../../engine/index.js";
import { UserError } from "../../errors.js";
import type { Tensor } from "../../tensor.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { type Metrics, MetricsFile } from "./metrics.js";
import {
  coefficientTensors,
  initialState,
  type Objective,
  stateNames,
  type TrainingState,
  trainingStep,
} from "./step.js";

/** A training run: the same settings give the same parameters, bit for bit, interrupted or not. */
export interface TrainingRun extends Objective {
  /** Everything the run depends on; a checkpoint of other settings is not resumed. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly steps: number;
  /** Inputs and targets of the step after `step` steps: always the same for the same number, of one shape. */
  readonly batch: (step: number) => readonly [x: Tensor, target: Tensor];
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** More to measure at checkpoints (and at the start), such as the accuracy on the test set. */
  readonly measure?: (state: TrainingState) => Promise<Readonly<Record<string, number>>>;
}

export interface TrainingOptions {
  /** Where `checkpoint.safetensors` and `metrics.jsonl` are kept; made if missing. */
  readonly folder: string;
  /** Go on from the checkpoint in `folder`, if there is one. */
  readonly resume?: boolean;
  readonly onProgress?: (message: string) => void;
}

/** Trains to the end and returns the last state with all metrics: `loss` of every step, and what was measured. */
export async function train(
  run: TrainingRun,
  { folder, resume = false, onProgress = () => {} }: TrainingOptions,
): Promise<{ state: TrainingState; metrics: Metrics[] }> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "checkpoint.safetensors");
  const names = stateNames(run);
  const settings = JSON.stringify({ ...run.settings, seed: run.seed, steps: run.steps });
  const measured = async (state: TrainingState) => (await run.measure?.(state)) ?? {};
  const file = new MetricsFile(join(folder, "metrics.jsonl"));

  let current: Checkpoint | null = resume ? await readCheckpoint(path, names, settings) : null;
  if (current === null) {
    rmSync(path, { force: true });
    current = { step: 0, state: initialState(run, new Random(run.seed)) };
    file.restart(-1);
    if (run.measure) file.append([{ step: 0, ...(await measured(current.state)) }]);
  } else file.restart(current.step);

  let { step, state } = current;
  let pending: Metrics[] = [];
  await using program = await compileStep(run, state);
  const clock = stopwatch(run.steps - step);
  while (step < run.steps) {
    const [x, target] = run.batch(step);
    const [loss, ...next] = await program.run([
      ...state,
      ...coefficientTensors(run.optimizer, step + 1),
      x,
      target,
    ]);
    state = next;
    step++;
    const metrics = { step, loss: loss!.data[0]! };
    if (!Number.isFinite(metrics.loss))
      throw new UserError(`step ${step}: the loss is ${metrics.loss}; the run diverged`);
    if (step % run.checkpointEvery !== 0 && step !== run.steps) {
      pending.push(metrics);
      continue;
    }
    // Metrics first: lines beyond the checkpoint are dropped on resuming, missing ones could not be made up for.
    file.append([...pending, { ...metrics, ...(await measured(state)) }]);
    pending = [];
    await writeCheckpoint(path, { step, state }, names, settings);
    onProgress(
      `step ${step} of ${run.steps}, loss ${metrics.loss.toPrecision(3)}, ${clock(run.steps - step)} left`,
    );
  }
  return { state, metrics: file.read() };
}

function compileStep(run: TrainingRun, state: TrainingState): Promise<Program> {
  const [x, target] = run.batch(0);
  return compile(trainingStep(run), [...state, ...coefficientTensors(run.optimizer, 1), x, target]);
}

/** Time left, judged by the time that the steps so far took. */
function stopwatch(total: number): (left: number) => string {
  const start = performance.now();
  return (left) => {
    const seconds = ((performance.now() - start) / 1000 / (total - left)) * left;
    return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
  };
}
