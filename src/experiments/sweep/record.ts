import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../base/errors.js";
import type { Scale } from "../result.js";
import { writeRun } from "../runs.js";
import { writeJson } from "../write-output.js";
import { cellOf, type Grid, keyOf } from "./grid.js";
import type { Job, Outcome } from "./job.js";

/** Identifies a sweep, as in `plan.json` in its folder. */
interface Plan {
  readonly schema: "blindspot.sweep-plan/1";
  readonly id: string;
  readonly experiment: string;
  readonly scale: Scale;
}

const planPath = (out: string): string => join(out, "plan.json");

/**
 * The id of the sweep in a folder; undefined where there is none or this machine cannot read the
 * folder.
 */
export function sweepIn(out: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(planPath(out), "utf8")) as Plan).id;
  } catch {
    return undefined;
  }
}

/**
 * The record of finished jobs in the folder of a sweep. Each job is kept once, even if it was done
 * twice.
 */
export class SweepRecord {
  private constructor(
    readonly out: string,
    readonly id: string,
  ) {}

  /**
   * Opens the record in `out`, or starts one.
   *
   * @throws UserError where `out` has another sweep, or has this sweep and `resume` is not set.
   */
  static open(
    out: string,
    { experiment, scale }: Grid,
    { resume }: { readonly resume: boolean },
  ): SweepRecord {
    const path = planPath(out);
    if (!existsSync(path)) {
      const plan: Plan = { schema: "blindspot.sweep-plan/1", id: randomUUID(), experiment, scale };
      writeJson(path, plan, 1);
      return new SweepRecord(out, plan.id);
    }
    if (!resume)
      throw new UserError(
        `${out}: already has a sweep; pass --resume to continue it, or choose another --out`,
      );
    const plan = readPlan(path);
    if (plan.experiment !== experiment || plan.scale !== scale)
      throw new UserError(
        `${out}: has a sweep of ${plan.experiment} at scale ${plan.scale}, expected ${experiment} at ${scale}; choose another --out`,
      );
    return new SweepRecord(out, plan.id);
  }

  private path = (job: Job): string => join(this.out, "jobs", `${keyOf(job)}.json`);

  isDone(job: Job): boolean {
    return existsSync(this.path(job));
  }

  /**
   * Keeps the runs of a job in the folder of its cell. A second outcome of the same job changes
   * nothing.
   */
  keep(job: Job, { runs }: Outcome & { status: "done" }): void {
    if (this.isDone(job)) return;
    const names = Object.keys(runs);
    for (const name of names) {
      // Runs may come from other machines, so their names are checked.
      if (!/^[\w.,=+-]+$/.test(name) || name.startsWith("."))
        throw new UserError(`job ${keyOf(job)}: expected a run with the name of a folder, got ${name}`);
      writeRun(join(this.out, cellOf(job), "runs"), name, runs[name]);
    }
    writeJson(this.path(job), { ...job, runs: names }, 1);
  }
}

function readPlan(path: string): Plan {
  try {
    const plan = JSON.parse(readFileSync(path, "utf8")) as Plan;
    if (plan.schema === "blindspot.sweep-plan/1" && /^[\w-]+$/.test(plan.id)) return plan;
  } catch {}
  throw new UserError(`${path}: expected the plan of a sweep that blindspot wrote; choose another --out`);
}
