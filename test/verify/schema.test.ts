import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { schemaTexts } from "../../scripts/schema-text.js";
import { blindspot } from "../support/blindspot.js";

const committed = readFileSync(new URL("../../schema/verify-1.json", import.meta.url), "utf8");

it("schema/verify-1.json equals the output of `npm run schema`", () => {
  expect(committed).toBe(schemaTexts().get("verify-1.json"));
});

it.each([
  ["--trials", "2"],
  ["--exact", "--trials", "1"],
])("The output of verify %s --format json follows the schema", (...options) => {
  const { code, stdout } = blindspot("verify", ...options, "--format", "json");
  expect(code).toBe(0);
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(committed));
  expect([validate(JSON.parse(stdout)), validate.errors]).toEqual([true, null]);
});
