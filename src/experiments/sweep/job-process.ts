/**
 * A process that does one job. It receives an `Assignment` and sends `Report`s, the last of them
 * with the outcome.
 */
import { UserError } from "../../base/errors.js";
import { type Outcome, runJob } from "./job.js";
import type { Assignment, Report } from "./process.js";

const report = (message: Report) => process.send?.(message);

// Ctrl-C reaches the whole process group. The parent decides whether a job ends.
process.on("SIGINT", () => {});
// When the parent was killed nobody else ends this job, and another worker may soon continue it.
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
