import { Command, Option } from "commander";
import type { VerifyReport } from "../verify/result.js";
import { wholeNumber } from "./numbers.js";
import { checkWritable, tableOptions, wantsJson, writeWhole } from "./output.js";
import { terminalProgress } from "./progress.js";

interface VerifyFlags {
  exact?: boolean;
  trials?: number;
  seed: number;
  format?: "table" | "json";
  output?: string;
}

export function verifyCommand(): Command {
  return new Command("verify")
    .description("check the theorems on random cases")
    .option("--exact", "use exact arithmetic, where blocked gradients are exactly 0 and not 1e-16")
    .option(
      "--trials <count>",
      "number of random cases for each check (default: 100; with --exact: 10)",
      wholeNumber(1),
    )
    .option("--seed <number>", "seed of the random cases", wholeNumber(0), 0)
    .addOption(
      new Option(
        "--format <format>",
        "format of the output (default: by the extension of -o, else table)",
      ).choices(["table", "json"]),
    )
    .option("-o, --output <file>", "write the result to this file instead of stdout")
    .action(verify);
}

async function verify(flags: VerifyFlags): Promise<void> {
  const { trials, seed } = flags;
  if (flags.output !== undefined) checkWritable(flags.output);
  const progress = terminalProgress();
  let report: VerifyReport;
  try {
    const checks = await import("../verify/index.js");
    const run = flags.exact ? checks.verifyExact : checks.verify;
    report = await run({ trials, seed, onProgress: progress.report });
  } finally {
    progress.done();
  }

  const text = wantsJson(flags)
    ? `${JSON.stringify(report, null, 2)}\n`
    : (await import("../report/verify-table.js")).verifyTable(report, tableOptions(flags.output));
  if (flags.output === undefined) process.stdout.write(text);
  else writeWhole(flags.output, text);
  if (!report.pass) process.exitCode = 1;
}
