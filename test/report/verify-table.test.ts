import { describe, expect, it } from "vitest";
import { verifyTable } from "../../src/report/verify-table.js";
import { type VerifyReport, verify, verifyExact } from "../../src/verify/index.js";

const failing: VerifyReport = {
  schema: "blindspot.verify/1",
  tool: { name: "blindspot", version: "0.0.0" },
  arithmetic: "float64",
  seed: 3,
  trials: 2,
  elapsedMs: 1234,
  checks: [
    {
      id: "a",
      statement: "First order: blocked",
      source: "somebody, theorem 1",
      trials: 2,
      relation: "at most",
      worst: 1e-15,
      bound: 2e-14,
      pass: true,
      detail: "ordinary",
    },
    {
      id: "b",
      statement: "Second order: blocked",
      source: "somebody, theorem 2",
      trials: 2,
      relation: "at least",
      worst: null,
      bound: 0.1,
      pass: false,
      detail: "huge means, channel 3",
    },
  ],
  falsePassLog2: null,
  pass: false,
};

describe("The table of theorem checks", () => {
  it("shows the failed checks and their failing trials", () => {
    expect(verifyTable(failing, { color: false })).toMatchInlineSnapshot(`
      "statement              trials  worst    bound
      First order: blocked        2  1e-15  ≤ 2e-14  ✓
      Second order: blocked       2    NaN    ≥ 0.1  ✗

      worst: of all trials, the value closest to its bound. bound: follows from the rounding error of that
      trial. Blocked gradients are relative to the same gradient divided by σ.

      ✗ Second order: blocked
        – huge means, channel 3. Source: somebody, theorem 2

      1 of 2 checks fail (float64, seed 3, 1.23 s).
      "
    `);
  });

  it.each([
    ["float64", verify],
    ["exact", verifyExact],
  ])("fits 100 columns without shortening statements (%s)", async (_, run) => {
    const text = verifyTable(await run({ trials: 1 }), { color: false });
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(text).not.toContain("…");
  });
});
