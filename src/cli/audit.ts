import { Command, Option } from "commander";
import type { Failure } from "../audit/fail-on.js";
import type { AuditReport, Thresholds } from "../audit/report/result.js";
import { UserError } from "../base/errors.js";
import type { Device } from "../engine/index.js";
import { type LossKind, lossKinds } from "../onnx/losses/names.js";
import { nonNegative, wholeNumber } from "./numbers.js";
import { checkWritable, tableOptions, writeWhole } from "./output.js";
import { terminalProgress } from "./progress.js";

const FORMATS = ["table", "json", "html", "junit"] as const;
type Format = (typeof FORMATS)[number];

// Repeated here instead of imported, so that --help does not load the runtime.
const DEVICES = ["cpu", "cuda", "webgpu"] as const satisfies readonly Device[];

interface AuditFlags {
  data?: string[];
  batches?: string;
  cuts?: number;
  seed?: number;
  dropLast?: boolean;
  reference?: "whole" | "cuts";
  loss?: LossKind;
  input?: string;
  target?: string;
  layers?: string;
  frozen?: string[];
  stopGradient?: string[];
  modelOutput?: string[];
  classAxis?: number;
  format?: Format;
  output?: string;
  failOn?: string;
  baseline?: string;
  tolerance?: number;
  thresholds?: string;
  precision?: "float32" | "float64";
  device?: Device;
  taylor?: string;
  probes?: number;
  saveGraph?: string;
}

export function auditCommand(): Command {
  return new Command("audit")
    .description("show what each normalization layer hides from the loss on one batch")
    .argument("<file>", "an ONNX model (.onnx), or a recorded trace (.safetensors or .npz)")
    .option(
      "--data <batch.npz>",
      "the batch: inputs under their ONNX names (or `input`), and `label` or `target`; repeat it to audit several batches",
      (file: string, files: string[] = []) => [...files, file],
    )
    .option(
      "--batches <how>",
      "audit the samples of --data in batches: size:64 (file order), shuffled:64, label:64 (one class each), or a key with the number of each sample's batch",
    )
    .option(
      "--cuts <count>",
      "random cuts into batches that yours are compared with (default: 3)",
      wholeNumber(1),
    )
    .option("--seed <number>", "seed of the random cuts (default: 0)", wholeNumber(0))
    .option("--drop-last", "leave out a last batch that is smaller than the others")
    .addOption(
      new Option(
        "--reference <kind>",
        "compare with all samples as one batch, or with the mean of the random cuts (default: whole if it fits in memory)",
      ).choices(["whole", "cuts"]),
    )
    .addOption(
      new Option(
        "--loss <kind>",
        "loss on the output of the model (default: inferred from the batch)",
      ).choices([...lossKinds]),
    )
    .option("--input <key>", "key of the batch that holds the input of the model")
    .option("--target <key>", "key of the batch that holds the label or target")
    .option("--layers <glob>", "audit only the layers whose name matches, e.g. 'layer1.*'")
    .option(
      "--frozen <glob>",
      "layers that training holds at their stored statistics, e.g. 'backbone.*'; may be repeated",
      (glob: string, others: string[] = []) => [...others, glob],
    )
    .option(
      "--class-axis <axis>",
      "axis of the classes in the output, where the labels fit two; -1 is the last",
      (axis: string) => {
        if (!/^-?\d+$/.test(axis))
          throw new UserError(`--class-axis: expected a whole number such as 1 or -1, got '${axis}'`);
        return Number(axis);
      },
    )
    .option(
      "--model-output <name>",
      "output that the loss looks at; repeat it to sum outputs that are losses",
      (name: string, others: string[] = []) => [...others, name],
    )
    .option(
      "--stop-gradient <value>",
      "value of the graph that training detaches, or a glob; may be repeated",
      (value: string, others: string[] = []) => [...others, value],
    )
    .addOption(
      new Option(
        "--format <format>",
        "format of the output (default: by the extension of -o, else table)",
      ).choices([...FORMATS]),
    )
    .option("-o, --output <file>", "write the report to this file instead of stdout")
    .option(
      "--fail-on <conditions>",
      "exit with code 1 if a condition holds, e.g. 'verdict=harmful' or 'compositionEffect>0.3'",
    )
    .option(
      "--baseline <report.json>",
      "exit with code 1 if the audit is worse than this report: a verdict one step up, or a composition effect that has grown by more than its spread and --tolerance",
    )
    .option(
      "--tolerance <number>",
      "growth of a composition effect that does not count as worse than --baseline (default: 0.05)",
      nonNegative,
    )
    .option("--thresholds <list>", "limits of the verdicts, e.g. 'blind.removed=0.95,dim.blocked=0.2'")
    .addOption(
      new Option("--precision <type>", "element type of the computation (default: float32)").choices([
        "float32",
        "float64",
      ]),
    )
    .addOption(
      new Option("--device <device>", "device that runs the graph (default: cpu)").choices([...DEVICES]),
    )
    .option(
      "--taylor <layer>",
      "also show the Taylor terms of the loss at this layer, and how much of each passes",
    )
    .option(
      "--probes <count>",
      "number of random probes if --taylor estimates the Hessian diagonal (default: 64)",
      wholeNumber(2),
    )
    .option("--save-graph <file.onnx>", "also write the graph that computes the numbers, in standard ONNX")
    .action(audit);
}

async function audit(file: string, flags: AuditFlags): Promise<void> {
  const format = flags.format ?? formatFromName(flags.output);
  const { parseThresholds } = await import("../audit/verdict/thresholds.js");
  const { findFailures, parseFailOn } = await import("../audit/fail-on.js");
  const conditions = flags.failOn === undefined ? [] : parseFailOn(flags.failOn);
  const thresholds = parseThresholds(flags.thresholds);
  const worseThan = await baselineOf(flags);
  for (const file of [flags.output, flags.saveGraph]) if (file !== undefined) checkWritable(file);

  const progress = terminalProgress();
  let report: AuditReport;
  try {
    report = await reportOf(file, flags, thresholds, progress.report);
  } finally {
    progress.done();
  }

  const tested = findFailures(report, conditions);
  const failures = [...tested.failures, ...worseThan(report)];
  const text = await render(report, format, failures, flags.output);
  if (flags.output === undefined) process.stdout.write(text);
  else writeWhole(flags.output, text);
  for (const warning of format === "table" ? [] : report.warnings)
    console.error(`blindspot: warning: ${warning}`);
  for (const note of tested.notes) console.error(`blindspot: ${note}`);
  for (const { layer, condition, value } of failures)
    console.error(
      value === "unmeasured"
        ? `blindspot: ${layer}: could not be measured, so it cannot pass --fail-on`
        : `blindspot: ${layer ?? "batches"}: ${condition} (${value})`,
    );
  if (tested.untested.length > 0) throw new UserError(tested.untested.join("; "));
  if (failures.length > 0) process.exitCode = 1;
}

/** Reads --baseline before the audit, and returns what is worse in an audit than there. */
async function baselineOf({
  baseline,
  tolerance,
}: AuditFlags): Promise<(report: AuditReport) => readonly Failure[]> {
  if (baseline === undefined) {
    if (tolerance === undefined) return () => [];
    throw new UserError(
      "--tolerance: expected together with --baseline, got no --baseline; add one or leave this option out",
    );
  }
  const { readReport } = await import("./read-report.js");
  const { findWorse } = await import("../audit/worse.js");
  const former = readReport(baseline);
  return (report) =>
    findWorse(former, report, tolerance).map(({ layer, field, a, b }) => ({
      layer,
      condition: `worse than ${baseline}`,
      value: `${field} ${a} → ${b}`,
    }));
}

/** Audits the model or the recorded trace. */
async function reportOf(
  file: string,
  flags: AuditFlags,
  thresholds: Thresholds,
  onProgress: (message: string) => void,
): Promise<AuditReport> {
  const { layers, saveGraph } = flags;
  if (/\.(safetensors|npz)$/i.test(file)) {
    for (const flag of [
      "data",
      "batches",
      "cuts",
      "seed",
      "dropLast",
      "reference",
      "loss",
      "input",
      "target",
      "frozen",
      "stopGradient",
      "modelOutput",
      "classAxis",
      "precision",
      "device",
      "taylor",
      "probes",
      "saveGraph",
    ] as const)
      if (flags[flag] !== undefined)
        throw new UserError(
          `${spelled(flag)}: expected an ONNX model, got the recorded trace ${file}; leave this option out`,
        );
    const { auditTrace } = await import("../audit/audit-trace.js");
    return auditTrace(file, { layers, thresholds, onProgress });
  }
  if (flags.probes !== undefined && flags.taylor === undefined)
    throw new UserError(
      "--probes: expected together with --taylor, got no --taylor; add --taylor <layer> or leave this option out",
    );
  if (flags.data === undefined)
    throw new UserError(
      `--data: expected a batch for the model ${file}, got none; add one, e.g. --data batch.npz`,
    );
  const { userCache } = await import("../engine/cache/user-cache.js");
  const options = {
    loss: flags.loss,
    input: flags.input,
    target: flags.target,
    layers,
    frozen: flags.frozen,
    stopGradient: flags.stopGradient,
    modelOutput: flags.modelOutput,
    classAxis: flags.classAxis,
    thresholds,
    precision: flags.precision,
    device: flags.device,
    cache: userCache(),
    onProgress,
  };
  const [data, ...more] = flags.data;
  if (flags.batches !== undefined || more.length > 0) {
    for (const flag of ["taylor", "saveGraph"] as const)
      if (flags[flag] !== undefined)
        throw new UserError(
          `${spelled(flag)}: expected an audit of one batch, got several; leave out --batches and further --data, or leave this option out`,
        );
    const { auditBatches } = await import("../audit/audit-batches.js");
    const { batches, cuts, seed, dropLast, reference } = flags;
    return auditBatches(file, { ...options, data: flags.data, batches, cuts, seed, dropLast, reference });
  }
  for (const flag of ["cuts", "seed", "dropLast", "reference"] as const)
    if (flags[flag] !== undefined)
      throw new UserError(
        `${spelled(flag)}: expected together with --batches, got an audit of one batch; add --batches size:64 or leave this option out`,
      );
  const { auditModel } = await import("../audit/audit-model.js");
  return auditModel(file, {
    ...options,
    data,
    ...(flags.taylor === undefined ? {} : { taylor: { layer: flags.taylor, probes: flags.probes } }),
    // onGraph makes the graph portable, which is slower, so it is passed only for --save-graph.
    ...(saveGraph === undefined ? {} : { onGraph: (bytes: Uint8Array) => writeWhole(saveGraph, bytes) }),
  });
}

/** An option as the user writes it: `--save-graph` for `saveGraph`. */
const spelled = (flag: keyof AuditFlags): string =>
  `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

async function render(
  report: AuditReport,
  format: Format,
  failures: readonly Failure[],
  output: string | undefined,
): Promise<string> {
  switch (format) {
    case "table": {
      const { auditTable } = await import("../report/audit-table.js");
      return auditTable(report, tableOptions(output));
    }
    case "json":
      return (await import("../report/audit-json.js")).auditJson(report);
    case "html":
      return (await import("../report/html/index.js")).auditHtml(report);
    case "junit":
      return (await import("../report/audit-junit.js")).auditJunit(report, failures);
  }
}

function formatFromName(file: string | undefined): Format {
  if (file === undefined) return "table";
  if (/\.json$/i.test(file)) return "json";
  if (/\.html?$/i.test(file)) return "html";
  return /\.xml$/i.test(file) ? "junit" : "table";
}
