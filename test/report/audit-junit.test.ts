import { describe, expect, test } from "vitest";
import { findFailures, parseFailOn } from "../../src/audit/fail-on.js";
import { auditJunit } from "../../src/report/audit-junit.js";
import { autoencoder, hostile } from "../support/report-fixture.js";
import { parseXml } from "../support/xml.js";

const junit = (report: ReturnType<typeof autoencoder>, conditions: string) =>
  auditJunit(report, findFailures(report, parseFailOn(conditions)).failures);

describe("The JUnit XML of an audit report", () => {
  test("equals the golden file", async () => {
    await expect(junit(autoencoder(), "removed>0.9,cosine<0.5")).toMatchFileSnapshot("golden/junit.xml");
  });

  test("counts failing layers, not conditions", () => {
    const [suites] = parseXml(junit(autoencoder(), "removed>0.9,verdict=blind,cosine<0.5")).children;
    expect(suites.attributes).toMatchObject({ tests: "5", failures: "2", errors: "0" });
    const cases = suites.children[0].children;
    expect(cases.map(({ attributes }) => attributes.name)).toEqual(
      autoencoder().layers.map(({ name }) => name),
    );
    expect(
      cases.filter(({ children }) => children.length > 0).map(({ attributes }) => attributes.name),
    ).toEqual(["code_bn", "dec_bn2"]);
    expect(cases[4].children[0].attributes.message).toBe(
      "removed>0.9 (0.93463); verdict=blind (blind); cosine<0.5 (0.4715)",
    );
  });

  test("is well-formed whatever characters the names contain", () => {
    const [suites] = parseXml(junit(hostile(), "elements>0")).children;
    const cases = suites.children[0].children.filter(({ name }) => name === "testcase");
    expect(cases[0].attributes.name).toBe("</script><script>alert(1)</script>");
    expect(cases[1].attributes.name).toBe("�[31mred�\u202egnp");
    expect(cases[0].attributes.classname).toBe('blindspot.a & b "<i>".npz');
  });
});
