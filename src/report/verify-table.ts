import type { CheckResult, VerifyReport } from "../verify/result.js";
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
    "worst: the value that came closest to its bound, with that bound, which follows from the rounding of the case at hand. What is blocked is relative to the same gradient through σ alone.",
  exact:
    "Rational arithmetic with square roots kept as symbols; ε = 0. worst: how many numbers contradict the statement.",
};

/** The checks for a terminal: one line each, then the cases of those that failed. */
export function verifyTable(
  report: VerifyReport,
  { color, width = 100 }: { readonly color: boolean; readonly width?: number },
): string {
  const paint = painter(color);
  const failed = report.checks.filter(({ pass }) => !pass);
  const blocks = [
    alignedTable(report.checks, columns, width, paint).join("\n"),
    paint("faint", wrap(LEGENDS[report.arithmetic], width)),
  ];
  if (report.falsePassLog2 !== null)
    blocks.push(
      wrap(
        `The chance that a false identity passed all the same is below 2^${Math.ceil(report.falsePassLog2)} (Schwartz and Zippel: degree over range, summed over all trials).`,
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
