import { readFileSync } from "node:fs";
import { parseAuditReport } from "../audit/compare.js";
import type { AuditReport } from "../audit/report/result.js";
import { UserError } from "../base/errors.js";

/**
 * Reads an audit report from a JSON file.
 * @throws UserError where the file cannot be read or holds no report.
 */
export function readReport(file: string): AuditReport {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(
      `${file}: expected an audit report, but the file cannot be read (${(error as NodeJS.ErrnoException).code}); check the path`,
    );
  }
  return parseAuditReport(text, file);
}
