import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../base/errors.js";
import { timeLeft } from "../base/time-left.js";
import { type Scale, scales } from "../experiments/result.js";
import type { Runner, SweepProgress } from "../experiments/sweep/index.js";
import { drawFigures } from "./draw-figures.js";
import { experimentsHelp } from "./experiments-help.js";
import { Interrupted, interruptible } from "./interruption.js";
import { wholeNumber } from "./numbers.js";
import { tableOptions } from "./output.js";
import { bar, longProgress } from "./progress.js";
import { redisOption, serverOfFlag } from "./redis-option.js";

interface SweepFlags {
  scale: Scale;
  out?: string;
  jobs?: number;
  redis?: string | true;
  resume?: boolean;
  dataDir?: string;
}

export function sweepCommand(): Command {
  return new Command("sweep")
    .description("run an experiment with every combination of settings")
    .argument("<experiment>", "name of the experiment")
    .argument("[key=values...]", "settings to vary, e.g. norm=bn,ln seed=0,1,2 batch=32,64 rate=0.01,0.1")
    .addOption(
      new Option("--scale <scale>", "size; decides all settings that are not varied")
        .choices(scales)
        .default("smoke"),
    )
    .option(
      "--out <folder>",
      "folder for sweep.json, sweep.csv and runs (default: runs/sweep-<experiment>-<scale>)",
    )
    .option("--jobs <number>", "number of parallel processes (default: number of cores)", wholeNumber(1))
    .addOption(redisOption())
    .option("--resume", "keep the finished jobs in this folder and continue with the others")
    .option(
      "--data-dir <folder>",
      "folder with mnist, fashion-mnist, cifar10 (default: a cache; missing data is downloaded)",
    )
    .addHelpText("after", experimentsHelp)
    .addHelpText(
      "after",
      "\nKeys: norm, seed and the settings of the experiment. An unknown key prints the list of keys.",
    )
    .action(runSweep);
}

async function runSweep(name: string, words: string[], flags: SweepFlags): Promise<void> {
  const { gridOf, sweep } = await import("../experiments/sweep/index.js");
  const runner = await runnerOf(flags);
  const grid = await gridOf(name, flags.scale, words);
  const out = resolve(flags.out ?? join("runs", `sweep-${name}-${flags.scale}`));
  const { dataDir, resume } = flags;
  const progress = longProgress();
  try {
    const result = await interruptible((signal) =>
      sweep(grid, { ...{ out, resume, dataDir, runner, signal }, onProgress: progressLine(progress) }),
    ).finally(progress.done);
    for (const { name } of result.cells)
      await drawFigures(JSON.parse(readFileSync(join(out, name, "result.json"), "utf8")), join(out, name));
    const { sweepTable } = await import("../report/experiment/sweep-table.js");
    process.stdout.write(sweepTable(result, tableOptions(undefined)));
    console.error(`blindspot: wrote sweep.json, sweep.csv and the runs to ${out}`);
    process.exitCode = Math.max(0, ...result.failures.map(({ exitCode }) => exitCode));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error(`blindspot: interrupted; --resume continues with the finished jobs in ${out}`);
    process.exitCode = 130;
  }
}

/** Chooses who runs the jobs: processes on this machine, or the workers of a Redis server. */
async function runnerOf({ jobs, redis, dataDir }: SweepFlags): Promise<Runner> {
  if (redis === undefined) {
    const { defaultJobs, localRunner } = await import("../experiments/sweep/index.js");
    return localRunner({ processes: jobs ?? defaultJobs(), dataDir });
  }
  if (jobs !== undefined)
    throw new UserError(
      "--jobs: expected without --redis, got both; give --jobs to blindspot worker instead",
    );
  const server = await serverOfFlag(redis);
  return (await import("../experiments/sweep/redis/index.js")).redisRunner(server);
}

/**
 * Shows a bar, the number of finished jobs, the time left and the latest message. The line fits 80
 * columns.
 */
function progressLine({ report, note }: ReturnType<typeof longProgress>): (p: SweepProgress) => void {
  const start = performance.now();
  let first: number | undefined;
  return ({ done, failed, jobs, latest }) => {
    first ??= done;
    const ended = done + failed;
    const perJob = (performance.now() - start) / 1000 / (ended - first);
    const left = ended > first ? `, ${timeLeft(perJob * (jobs - ended))}` : "";
    const head = `${bar(ended / jobs)} ${ended}/${jobs}${left}`;
    if (latest?.message.startsWith("failed: ")) note(`${latest.key}: ${latest.message}`);
    else report(latest ? `${head} · ${latest.message}` : head);
  };
}
