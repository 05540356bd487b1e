import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parseAuditReport } from "../../../src/audit/compare.js";
import { auditJson } from "../../../src/report/audit-json.js";
import { mlpMixed } from "../../support/report-fixture.js";

/** The report as version 1 wrote it. */
function version1(): unknown {
  const { batches: _, layers, summary, ...report } = mlpMixed();
  const { verdict: _v, normToBlame: _n, why: _w, ...rest } = summary;
  return {
    ...report,
    schema: "blindspot.audit/1",
    summary: rest,
    layers: layers.map(({ agreement: _a, batches: _b, weights, ...layer }) => {
      if (weights === null) return { ...layer, weights };
      const { chance: _c, chanceSd: _s, ...known } = weights;
      return { ...layer, weights: known };
    }),
  };
}

describe("A report of blindspot.audit/1", () => {
  test("is what its published schema describes", () => {
    const schema = readFileSync(new URL("../../../schema/audit-1.json", import.meta.url), "utf8");
    const validate = new Ajv2020({ strict: true }).compile(JSON.parse(schema));
    expect(validate(version1()), JSON.stringify(validate.errors)).toBe(true);
  });

  test("is read with its numbers; what it does not hold is null or unknown", () => {
    const read = parseAuditReport(JSON.stringify(version1()), "old.json");
    expect(read.schema).toBe("blindspot.audit/2");
    expect(read.batches).toBeNull();
    expect(read.summary).toMatchObject({ verdict: "unknown", normToBlame: "unknown" });
    expect(read.layers[0].weights).toMatchObject({ removed: 0.45309, chance: null });
    expect(parseAuditReport(auditJson(read), "new.json")).toEqual(read);
  });
});
