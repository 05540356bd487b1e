// Writes the published JSON Schema from its source of truth (`npm run schema`).
import { mkdirSync, writeFileSync } from "node:fs";
import { schemaText } from "./schema-text.js";

const file = new URL("../schema/audit-1.json", import.meta.url);
mkdirSync(new URL(".", file), { recursive: true });
writeFileSync(file, schemaText());
