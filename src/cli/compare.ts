import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import type { AuditReport } from "../audit/report/result.js";
import { UserError } from "../base/errors.js";
import { tableOptions, wantsJson, writeWhole } from "./output.js";

interface CompareFlags {
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
    .option("-o, --output <file>", "write the comparison to this file instead of stdout")
    .action(compare);
}

async function compare(fileA: string, fileB: string, flags: CompareFlags): Promise<void> {
  const { compareReports, parseAuditReport } = await import("../audit/compare.js");
  const read = (file: string): AuditReport => parseAuditReport(readText(file), file);
  const comparison = compareReports(read(fileA), read(fileB));
  const text = wantsJson(flags)
    ? `${JSON.stringify(comparison, null, 2)}\n`
    : (await import("../report/compare-table.js")).compareTable(comparison, tableOptions(flags.output));
  if (flags.output === undefined) process.stdout.write(text);
  else writeWhole(flags.output, text);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(
      `${file}: expected an audit report, but the file cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`,
    );
  }
}
