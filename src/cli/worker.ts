import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { UserError } from "../base/errors.js";
import { interruptible } from "./interruption.js";
import { wholeNumber } from "./numbers.js";
import { longProgress } from "./progress.js";
import { redisOption, serverOfFlag } from "./redis-option.js";

interface WorkerFlags {
  redis?: string | true;
  jobs?: number;
  folder?: string;
  stalledAfter: number;
  dataDir?: string;
}

export function workerCommand(): Command {
  return new Command("worker")
    .description("run the jobs of sweeps from a Redis server, until stopped")
    .addOption(redisOption())
    .option("--jobs <number>", "number of parallel processes (default: number of cores)", wholeNumber(1))
    .option(
      "--folder <folder>",
      "folder for runs if this machine cannot see the folder of the sweep (default: a temporary folder)",
    )
    .option(
      "--stalled-after <seconds>",
      "a worker that is silent for this long loses its job",
      wholeNumber(1),
      30,
    )
    .option(
      "--data-dir <folder>",
      "folder with mnist, fashion-mnist, cifar10 (default: a cache; missing data is downloaded)",
    )
    .action(runWorker);
}

async function runWorker({ redis, jobs, folder, stalledAfter, dataDir }: WorkerFlags): Promise<void> {
  if (redis === undefined)
    throw new UserError(
      "worker: --redis: expected the server that queues the jobs, got none; add --redis <url>",
    );
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
