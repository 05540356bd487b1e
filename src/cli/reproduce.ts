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
    .argument("<experiment>", "its name, or all: one after another, into folders of their names")
    .addHelpText("after", experimentsHelp)
    .addOption(
      new Option("--scale <scale>", "smoke: a minute at most; cpu: under 30 min each; paper: its sizes")
        .choices(scales)
        .default("smoke"),
    )
    .option("--seeds <list>", "one run of each condition for every seed", seeds, [0, 1, 2])
    .option("--norms <list>", "compare these (default: the experiment's own)", norms)
    .option("--out <folder>", "for result.json, figures and runs (default: runs/<experiment>-<scale>)")
    .option("--resume", "keep the runs in there that are done and go on with the others")
    .option(
      "--data-dir <folder>",
      "with folders mnist, fashion-mnist, cifar10 (default: a cache, filled by download)",
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
  console.error(`blindspot: result.json and figures are in ${out}`);
}

async function reproduceAllExperiments(out: string, { norms, ...flags }: ReproduceFlags): Promise<void> {
  if (norms !== undefined)
    throw new UserError(
      "reproduce all: the experiments compare different norms; leave out --norms, or run one alone",
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
  console.error(`blindspot: summary.json, report.html and a folder for each experiment are in ${out}`);
  process.exitCode = Math.max(0, ...suite.experiments.map(({ failure }) => failure?.exitCode ?? 0));
}

/** `0,1,2`, each once. */
function seeds(text: string): number[] {
  const list = text.split(",").map(Number);
  const fits = list.every((seed) => Number.isSafeInteger(seed) && seed >= 0 && seed < 100_000);
  if (!/^\d+(,\d+)*$/.test(text) || !fits || new Set(list).size < list.length)
    throw new InvalidArgumentError("expected different whole numbers below 100000, such as 0,1,2.");
  return list;
}

/** `bn,ln,gn:4`, each once. Whether there are such norms is checked when they are made. */
function norms(text: string): NormName[] {
  const list = text.split(",") as NormName[];
  if (new Set(list).size < list.length) throw new InvalidArgumentError("expected every norm once.");
  return list;
}
