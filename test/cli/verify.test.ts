import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blindspot } from "../support/blindspot.js";
import { temporaryFolder } from "../support/temporary.js";

describe("The command verify", () => {
  it("prints a table of at most 100 columns and exits with 0 if all checks hold", () => {
    const { code, stdout, stderr } = blindspot("verify", "--trials", "2");
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^First order: nothing of ∂L_grad reaches x.* ✓$/m);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  it("writes JSON of the exact checks", () => {
    const folder = temporaryFolder();
    const file = folder.path("verify.json");
    const { code, stdout } = blindspot("verify", "--exact", "--trials", "1", "--seed", "9", "-o", file);
    expect(code).toBe(0);
    expect(stdout).toBe("");
    const report = JSON.parse(readFileSync(file, "utf8"));
    expect(report).toMatchObject({ schema: "blindspot.verify/1", arithmetic: "exact", seed: 9, pass: true });
  });

  it.each([
    ["--trials", "0"],
    ["--trials", "many"],
    ["--seed", "-1"],
    ["--seed", "1.5"],
  ])("refuses %s %s", (flag, value) => {
    const { code, stderr } = blindspot("verify", flag, value);
    expect(code).toBe(2);
    expect(stderr).toContain("expected a whole number");
  });
});
