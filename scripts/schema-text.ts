import { AuditReport } from "../src/audit/result.js";

/** schema/audit-1.json: the definition of the report as JSON Schema, draft 2020-12. */
export function schemaText(): string {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", ...AuditReport };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
