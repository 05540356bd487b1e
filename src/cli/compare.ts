import { Command, Option } from "commander";
import { nonNegative } from "./numbers.js";
import { tableOptions, wantsJson, writeWhole } from "./output.js";

interface CompareFlags {
  failOn?: "worse";
  tolerance?: number;
  format?: "table" | "json";
  output?: string;
}

export function compareCommand(): Command {
  return new Command("compare")
    .description("put two audit reports side by side, e.g. of two batches or of two versions of a model")
    .argument("<a.json>", "an audit report, written by blindspot audit --format json")
    .argument("<b.json>", "the report to compare with; differences are b − a")
    .addOption(
      new Option(
        "--format <format>",
        "format of the output (default: by the extension of -o, else table)",
      ).choices(["table", "json"]),
    )
    .addOption(
      new Option(
        "--fail-on <condition>",
        "exit with code 1 if b is worse: a verdict one step up, or a composition effect that has grown by more than its spread and --tolerance",
      ).choices(["worse"]),
    )
    .option(
      "--tolerance <number>",
      "growth of a composition effect that does not count as worse (default: 0.05)",
      nonNegative,
    )
    .option("-o, --output <file>", "write the comparison to this file instead of stdout")
    .action(compare);
}

async function compare(fileA: string, fileB: string, flags: CompareFlags): Promise<void> {
  const { compareReports } = await import("../audit/compare.js");
  const { readReport } = await import("./read-report.js");
  const comparison = compareReports(readReport(fileA), readReport(fileB), flags.tolerance);
  const text = wantsJson(flags)
    ? `${JSON.stringify(comparison, null, 2)}\n`
    : (await import("../report/compare-table.js")).compareTable(comparison, tableOptions(flags.output));
  if (flags.output === undefined) process.stdout.write(text);
  else writeWhole(flags.output, text);
  if (flags.failOn === undefined || comparison.worse.length === 0) return;
  for (const { layer, field, a, b } of comparison.worse)
    console.error(`blindspot: ${layer ?? "batches"}: worse: ${field} ${a} → ${b}`);
  process.exitCode = 1;
}
