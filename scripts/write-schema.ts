/** Writes the published JSON Schemas from the definitions in src (`npm run schema`). */
import { mkdirSync, writeFileSync } from "node:fs";
import { schemaTexts } from "./schema-text.js";

const folder = new URL("../schema/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [file, text] of schemaTexts()) writeFileSync(new URL(file, folder), text);
