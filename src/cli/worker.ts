import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { UserError } from "../base/errors.js";
import { interruptible } from "./interruption.js";
import { longProgress } from "./progress.js";
import { redisOption, serverOfFlag } from "./redis-option.js";
import { wholeNumber } from "./whole-number.js";

interface WorkerFlags {
  redis?: string | true;
  jobs?: number;
  folder?: string;
  stalledAfter: number;
  dataDir?: string;
}

export function workerCommand(): Command {
  return new Command("worker")
    .description("do the jobs of sweeps that a Redis server queues, until stopped")
    .addOption(redisOption())
    .option("--jobs <number>", "processes side by side (default: one for every core)", wholeNumber(1))
    .option(
      "--folder <folder>",
      "for runs of sweeps whose own folder this machine does not see (default: one for temporary files)",
    )
    .option("--stalled-after <seconds>", "how long a worker may be silent", wholeNumber(1), 30)
    .option(
      "--data-dir <folder>",
      "with folders mnist, fashion-mnist, cifar10 (default: a cache, filled by download)",
    )
    .action(runWorker);
}

async function runWorker({ redis, jobs, folder, stalledAfter, dataDir }: WorkerFlags): Promise<void> {
  if (redis === undefined) throw new UserError("worker: expected --redis, the server that queues the jobs");
  const server = await serverOfFlag(redis);
  const { work } = await import("../experiments/sweep/redis/index.js");
  const { defaultJobs } = await import("../experiments/sweep/index.js");
  const { report, note, done } = longProgress();
  await interruptible((signal) =>
    work({
      ...{ server, stalledAfter, dataDir, signal },
      processes: jobs ?? defaultJobs(),
      folder: resolve(folder ?? join(tmpdir(), "blindspot-sweeps")),
      ...{ onProgress: report, onNote: note },
    }),
  ).finally(done);
}
