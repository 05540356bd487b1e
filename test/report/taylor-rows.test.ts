import { describe, expect, it } from "vitest";
import type { LayerReport, TaylorReport } from "../../src/audit/report/result.js";
import { auditJson } from "../../src/report/audit-json.js";
import { auditTable } from "../../src/report/audit-table.js";
import { auditHtml } from "../../src/report/html/index.js";
import { width } from "../../src/report/terminal/text.js";
import { mlpOneClass } from "../support/report-fixture.js";

const exact: TaylorReport = {
  features: 64,
  diagonal: { method: "exact", products: 64 },
  frozen: [],
  terms: {
    first: { gradient: 0.1886, open: 0.6378, passed: 1.46e-16 },
    firstShared: { gradient: 0.1886, open: 0.6378, passed: 1.35e-16 },
    diag: { gradient: 0.05387, open: 0.1793, passed: 1.27e-5 },
    diagShared: { gradient: 0.05387, open: 0.1793, passed: 1.27e-5 },
    off: { gradient: 0.3118, open: 1.0199, passed: 0.6593 },
    higher: { gradient: 0.3421, open: 1.1107, passed: 0.6553 },
    whole: { gradient: 0.179, open: 0.6134, passed: 0.3944 },
  },
};

const estimated: TaylorReport = {
  ...exact,
  features: 12_544,
  diagonal: { method: "hutchinson", products: 64, seed: 0 },
  frozen: ["bn3", "bn4", "bn5", "bn6"],
  terms: {
    ...exact.terms,
    diag: { ...exact.terms.diag, error: { gradient: 0.0123, open: 0.0456 } },
    diagShared: { ...exact.terms.diagShared, error: { gradient: 0.00123, open: 0.00456 } },
    off: { ...exact.terms.off, error: { gradient: 0.0123, open: 0.0456 } },
  },
};

/** A report whose last layer has these terms. */
function withTerms(taylor: TaylorReport) {
  const report = mlpOneClass();
  const last = report.layers.at(-1) as LayerReport;
  return { ...report, layers: [...report.layers.slice(0, -1), { ...last, taylor }] };
}

/** The lines about the terms, with single spaces. */
const terms = (text: string) =>
  text
    .slice(text.indexOf("Taylor terms"))
    .split("\n")
    .map((line) => line.trim().replace(/[ \u202f]+/g, " "));

describe("The Taylor terms in a report", () => {
  it("are listed in the table, and a rounding error of 0 is shown as ≈ 0", () => {
    const lines = terms(auditTable(withTerms(exact), { color: false }));
    expect(lines.join(" ")).toContain(
      "loss at bn2 around ẑ = β, 64 features a sample. The diagonal of the Hessian is exact. ",
    );
    expect(lines).toContain("first order 0.189 0.638 ≈ 0 < 1e-12");
    expect(lines).toContain("shared 0.189 0.638 ≈ 0 < 1e-12");
    expect(lines).toContain("second order, diagonal 0.0539 0.179 1.27e-5 7.1e-5");
    expect(lines).toContain("second order, off-diagonal 0.312 1.02 0.659 0.646");
  });

  it("have standard errors if the diagonal is estimated, and name the layers whose statistics are held", () => {
    const lines = terms(auditTable(withTerms(estimated), { color: false }));
    const text = lines.join(" ");
    expect(text).toMatch(/12 544 features a sample\. .* estimated from 64 random probes \(seed 0\)/);
    expect(text).toContain("The statistics of bn3, bn4, bn5, 1 more are held at their values on this batch.");
    expect(lines).toContain("second order, off-diagonal 0.312 ± 0.01 1.02 ± 0.05 0.659 ± 0.05 0.646");
    // The error of a shared part is blocked as the part is.
    expect(lines).toContain("shared 0.0539 ± 0.001 0.179 ± 0.005 1.27e-5 7.1e-5");
  });

  it.each([40, 60, 80, 100])("fit a terminal of %i columns", (columns) => {
    for (const taylor of [exact, estimated])
      for (const line of auditTable(withTerms(taylor), { color: false, width: columns }).split("\n"))
        expect(width(line)).toBeLessThanOrEqual(columns);
  });

  it("appear on the page only at their layer", () => {
    const page = auditHtml(withTerms(estimated));
    expect(page.match(/<table class="quantities terms">/g)).toHaveLength(1);
    expect(page).toContain("12\u202f544 features a sample");
    expect(auditHtml(mlpOneClass())).not.toContain('class="quantities terms"');
  });

  it("keep all their digits in JSON", () => {
    const read = JSON.parse(auditJson(withTerms(estimated)));
    expect(read.layers.at(-1).taylor).toEqual(estimated);
  });
});
