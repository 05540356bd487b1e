/** A process that does one job: it is sent an `Assignment` and sends `Report`s until it has an outcome. */
import { UserError } from "../../base/errors.js";
import { type Outcome, runJob } from "./job.js";
import type { Assignment, Report } from "./process.js";

const report = (message: Report) => process.send?.(message);

// Ctrl-C reaches the whole group of processes; what becomes of a job is for the parent to say.
process.on("SIGINT", () => {});
// Nobody else would end a job whose parent was killed, and another worker may be about to go on with it.
process.on("disconnect", () => process.exit(1));

process.once("message", async ({ job, ...options }: Assignment) => {
  let outcome: Outcome;
  try {
    const onProgress = (progress: string) => report({ progress });
    outcome = { status: "done", runs: await runJob(job, { ...options, onProgress }) };
  } catch (error) {
    outcome =
      error instanceof UserError
        ? { status: "failed", message: error.message, exitCode: error.exitCode }
        : { status: "failed", message: String((error as Error)?.stack ?? error), exitCode: 3 };
  }
  process.send!({ outcome } satisfies Report, () => process.exit(0));
});
