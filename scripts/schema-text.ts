import { AuditReport } from "../src/audit/report/result.js";
import { VerifyReport } from "../src/verify/result.js";

/**
 * The JSON Schemas (draft 2020-12) of the reports in their present formats, by file name. The
 * schemas of former formats stay in schema/ as they were published.
 */
export function schemaTexts(): Map<string, string> {
  const schemas = { "audit-2.json": AuditReport, "verify-1.json": VerifyReport };
  return new Map(
    Object.entries(schemas).map(([file, definition]) => {
      const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", ...definition };
      return [file, `${JSON.stringify(schema, null, 2)}\n`];
    }),
  );
}
