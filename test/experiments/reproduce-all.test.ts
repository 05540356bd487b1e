import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { reproduceAll } from "../../src/experiments/reproduce-all.js";
import { suitePage } from "../../src/report/experiment/suite-page.js";
import { suiteTable } from "../../src/report/experiment/suite-table.js";
import { fault } from "../support/experiments/three-experiments.js";
import { findAll, parseHtml, textOf } from "../support/html.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();

vi.mock("../../src/experiments/catalogue.js", () => import("../support/experiments/three-experiments.js"));

describe("all experiments", () => {
  const out = folder.path("all");

  it("An experiment that fails is reported with its exit code, and the others run", async () => {
    const failures: [string, string][] = [];
    const done: string[] = [];
    const suite = await reproduceAll({
      ...{ out, onResult: ({ experiment }) => done.push(experiment) },
      onFailure: (name, message) => failures.push([name, message]),
    });
    expect(done).toEqual(["seeds"]);
    expect(failures).toEqual([
      ["diverging", "step 3: the run diverged"],
      ["faulty", expect.stringMatching(/^TypeError: not a function\n/)],
    ]);
    expect(suite.experiments.map(({ name, failure }) => [name, failure?.exitCode ?? 0])).toEqual([
      ["seeds", 0],
      ["diverging", 2],
      ["faulty", 3],
    ]);
    expect(JSON.parse(readFileSync(`${out}/summary.json`, "utf8"))).toEqual(
      JSON.parse(JSON.stringify(suite)),
    );
    expect(existsSync(`${out}/seeds/result.json`)).toBe(true);
  });

  it("Finished experiments are refused without resume and kept with resume", async () => {
    await expectUserError(() => reproduceAll({ out }), out, /already has seeds; pass --resume/);
    fault.there = false;
    const suite = await reproduceAll({ out, resume: true });
    const outcomes = suite.experiments.map(({ name, claims }) => [name, claims[0]?.outcome]);
    expect(outcomes).toEqual([
      ["seeds", "confirmed"],
      ["diverging", undefined],
      ["faulty", "not confirmed"],
    ]);
  });

  it("All claims are in one table of at most the given width", async () => {
    const suite = await reproduceAll({ out, resume: true });
    const text = suiteTable(suite, { color: false, width: 100 });
    expect(text).toMatch(/^small +seeds +1 ± 1 +-1\.48 … 3\.48 +≤ 10 +✓ confirmed$/m);
    expect(text).toMatch(/^small +faulty .* ✗ not confirmed$/m);
    expect(text).toMatch(/^2 claims: 1 confirmed, 1 not confirmed; /m);
    expect(text).toMatch(/^failed: diverging: step 3: the run diverged \(exit code 2\)$/m);
    for (const width of [40, 60, 100])
      for (const line of suiteTable(suite, { color: false, width }).split("\n"))
        expect(line.length).toBeLessThanOrEqual(width);
  });

  it("All experiments are on one page, which loads no other file", async () => {
    const suite = await reproduceAll({ out, resume: true });
    const whole = JSON.parse(readFileSync(`${out}/seeds/result.json`, "utf8"));
    const page = parseHtml(suitePage(suite, new Map([["seeds", whole]])));
    expect(findAll(page, "h2").map(textOf)).toEqual(["seeds", "diverging", "faulty"]);
    expect(textOf(page)).toContain("It is <small>.");
    expect(textOf(page)).toContain("Failed with exit code 2: step 3: the run diverged");
    const [image] = findAll(page, "img");
    expect(image.attributes.alt).toBe("the seed");
    expect(decodeURIComponent(image.attributes.src)).toMatch(/^data:image\/svg\+xml,<svg [\s\S]*<\/svg>\s*$/);
    const addresses = findAll(page, () => true).flatMap(({ attributes: { src, href } }) => src ?? href ?? []);
    for (const address of addresses) expect(address).toMatch(/^(data:|#)/);
  });
});
