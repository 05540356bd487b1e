import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../base/errors.js";
import { type ExperimentResult, type Scale, scales } from "../experiments/result.js";
import type { NormName } from "../nn/index.js";
import { drawFigures } from "./draw-figures.js";
import { experimentsHelp } from "./experiments-help.js";
import { tableOptions, writeWhole } from "./output.js";
import { longProgress } from "./progress.js";

interface ReproduceFlags {
  scale: Scale;
  seeds: number[];
  norms?: NormName[];
  out?: string;
  resume?: boolean;
  dataDir?: string;
}

export function reproduceCommand(): Command {
  return new Command("reproduce")
    .description("run an experiment of the paper and decide its claims")
    .argument("<experiment>", "name of the experiment, or all to run every experiment")
    .addHelpText("after", experimentsHelp)
    .addOption(
      new Option(
        "--scale <scale>",
        "size: smoke (at most a minute), cpu (under 30 min each), paper (as in the paper)",
      )
        .choices(scales)
        .default("smoke"),
    )
    .option("--seeds <list>", "seeds; each condition runs once for each seed", seeds, [0, 1, 2])
    .option(
      "--norms <list>",
      "normalizations to compare, e.g. bn,ln (default: those of the experiment)",
      norms,
    )
    .option("--out <folder>", "folder for result.json, figures and runs (default: runs/<experiment>-<scale>)")
    .option("--resume", "keep the finished runs in this folder and continue with the others")
    .option(
      "--data-dir <folder>",
      "folder with mnist, fashion-mnist, cifar10 (default: a cache; missing data is downloaded)",
    )
    .action(reproduceExperiment);
}

async function reproduceExperiment(name: string, flags: ReproduceFlags): Promise<void> {
  const out = resolve(flags.out ?? join("runs", `${name}-${flags.scale}`));
  if (name === "all") return reproduceAllExperiments(out, flags);
  const { reproduce } = await import("../experiments/index.js");
  const progress = longProgress();
  const result = await reproduce(name, { ...flags, out, onProgress: progress.report }).finally(progress.done);
  await drawFigures(result, out);
  const { experimentTable } = await import("../report/experiment/experiment-table.js");
  process.stdout.write(experimentTable(result, tableOptions(undefined)));
  console.error(`blindspot: wrote result.json and figures to ${out}`);
}

async function reproduceAllExperiments(out: string, { norms, ...flags }: ReproduceFlags): Promise<void> {
  if (norms !== undefined)
    throw new UserError(
      "reproduce all: --norms: expected with a single experiment, got all; leave this option out or name one experiment",
    );
  const { reproduceAll } = await import("../experiments/index.js");
  const { suitePage } = await import("../report/experiment/suite-page.js");
  const { suiteTable } = await import("../report/experiment/suite-table.js");
  const results = new Map<string, ExperimentResult>();
  const { report, note, done } = longProgress();
  const suite = await reproduceAll({
    ...flags,
    ...{ out, onProgress: report },
    onResult: (result) => {
      results.set(result.experiment, result);
      note(`${result.experiment}: done`);
    },
    onFailure: (name, message) => note(`${name}: failed: ${message}`),
  }).finally(done);
  for (const result of results.values()) await drawFigures(result, join(out, result.experiment));
  writeWhole(join(out, "report.html"), suitePage(suite, results));
  process.stdout.write(suiteTable(suite, tableOptions(undefined)));
  console.error(`blindspot: wrote summary.json, report.html and one folder for each experiment to ${out}`);
  process.exitCode = Math.max(0, ...suite.experiments.map(({ failure }) => failure?.exitCode ?? 0));
}

/** Reads a list of different seeds such as `0,1,2`. */
function seeds(text: string): number[] {
  const list = text.split(",").map(Number);
  const fits = list.every((seed) => Number.isSafeInteger(seed) && seed >= 0 && seed < 100_000);
  if (!/^\d+(,\d+)*$/.test(text) || !fits || new Set(list).size < list.length)
    throw new InvalidArgumentError("expected different whole numbers below 100000 such as 0,1,2.");
  return list;
}

/**
 * Reads a list of different normalizations such as `bn,ln,gn:4`. The experiment checks that they
 * exist.
 */
function norms(text: string): NormName[] {
  const list = text.split(",") as NormName[];
  if (new Set(list).size < list.length)
    throw new InvalidArgumentError("expected different normalizations such as bn,ln.");
  return list;
}
