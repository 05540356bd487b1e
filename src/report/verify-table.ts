import type { CheckResult, VerifyReport } from "../verify/result.js";
import type { TableOptions } from "./audit-table.js";
import { duration, plural, significant } from "./format.js";
import { alignedTable, type Column } from "./terminal/columns.js";
import { painter } from "./terminal/style.js";
import { wrap } from "./terminal/text.js";

const relations: Record<CheckResult["relation"], string> = {
  "at most": "≤",
  "at least": "≥",
  "equal to": "=",
};

const columns: readonly Column<CheckResult>[] = [
  { title: "statement", align: "left", cell: ({ statement }) => statement },
  { title: "trials", align: "right", cell: ({ trials }) => String(trials) },
  {
    title: "worst",
    align: "right",
    cell: ({ worst }) => (worst === null ? "NaN" : significant(worst, 2)),
  },
  {
    title: "bound",
    align: "right",
    cell: ({ bound, relation }) => `${relations[relation]} ${significant(bound, 2)}`,
  },
  {
    title: "",
    align: "left",
    cell: ({ pass }) => (pass ? "✓" : "✗"),
    style: ({ pass }) => (pass ? "green" : "red"),
  },
];

const LEGENDS: Record<VerifyReport["arithmetic"], string> = {
  float64:
    "worst: of all trials, the value closest to its bound. bound: follows from the rounding error of that trial. Blocked gradients are relative to the same gradient divided by σ.",
  exact:
    "Exact arithmetic: rational numbers, square roots as symbols, ε = 0. worst: how many numbers contradict the statement.",
};

/**
 * Writes the checks as a text table: one line for each check, then the failing trial of each failed
 * check.
 */
export function verifyTable(report: VerifyReport, { color, width = 100 }: TableOptions): string {
  const paint = painter({ color });
  const failed = report.checks.filter(({ pass }) => !pass);
  const blocks = [
    alignedTable(report.checks, columns, width, paint).join("\n"),
    paint("faint", wrap(LEGENDS[report.arithmetic], width)),
  ];
  if (report.falsePassLog2 !== null)
    blocks.push(
      wrap(
        `The probability that a false identity passed is below 2^${Math.ceil(report.falsePassLog2)} (Schwartz–Zippel lemma: degree divided by range, summed over all trials).`,
        width,
      ),
    );
  for (const check of failed)
    blocks.push(
      [
        paint("red", wrap(check.statement, width, "✗ ")),
        wrap(`${check.detail}. Source: ${check.source}`, width, "  – "),
      ].join("\n"),
    );
  const summary =
    failed.length === 0
      ? `${plural(report.checks.length, "check")}, all hold`
      : `${failed.length} of ${plural(report.checks.length, "check")} fail`;
  blocks.push(
    paint("bold", `${summary} (${report.arithmetic}, seed ${report.seed}, ${duration(report.elapsedMs)}).`),
  );
  return `${blocks.join("\n\n")}\n`;
}
