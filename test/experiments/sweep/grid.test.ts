import { describe, expect, it } from "vitest";
import { cellOf, cellsOf, gridOf, jobsOf, keyOf } from "../../../src/experiments/sweep/grid.js";
import { expectUserError } from "../../support/user-error.js";

const grid = (...words: string[]) => gridOf("blocked-learning", "smoke", words);

describe("grids", () => {
  it("A grid has every combination once, with every norm and seed", async () => {
    const spanned = await grid("rate=0.1,1e-2", "norm=bn,gn:4", "batch=8,16,32", "seed=7,3");
    expect(cellsOf(spanned).map(({ overrides }) => overrides)).toEqual([
      { rate: "0.1", batch: "8" },
      { rate: "0.1", batch: "16" },
      { rate: "0.1", batch: "32" },
      { rate: "0.01", batch: "8" },
      { rate: "0.01", batch: "16" },
      { rate: "0.01", batch: "32" },
    ]);
    const jobs = jobsOf(spanned);
    expect(jobs.length).toBe(24);
    expect(new Set(jobs.map(keyOf)).size).toBe(24);
    expect(jobs.slice(0, 12).map(({ seed }) => seed)).toEqual(Array(12).fill(7));
    expect(keyOf(jobs[1])).toBe("batch=8,rate=0.1,norm=gn-4,seed=7");
  });

  it("The default is the experiment's norms and the seeds 0, 1 and 2", async () => {
    const { norms, seeds, settings } = await grid();
    expect({ norms, seeds, settings }).toEqual({
      ...{ norms: ["bn", "ln", "detached", "none"], seeds: [0, 1, 2], settings: {} },
    });
    expect(cellOf({ overrides: {} })).toBe("as-scaled");
  });

  it("The folder of a cell does not depend on how its settings are written", async () => {
    const names = async (...words: string[]) => cellsOf(await grid(...words)).map(({ name }) => name);
    expect(await names("rate=1e-1", "batch=08")).toEqual(await names("batch=8", "rate=0.1"));
  });

  it.each([
    [["batch"], "batch", /expected key=value,value/],
    [["=3"], "=3", /expected key=value,value/],
    [["batch=8", "batch=16"], "batch", /given twice; join its values by commas/],
    [["batch=8,8"], "batch=8", /given twice/],
    [["batch=8,08"], "batch=8", /given twice/],
    [["seed=1,01"], "seed=1", /given twice/],
    [["norm=bn,bn"], "norm=bn", /given twice/],
    [["batch=8,"], "batch=", /a whole number from 2/],
    [["batch="], "batch=", /a whole number from 2/],
    [["batch=1"], "batch=1", /a whole number from 2/],
    [["depth=1"], "depth", /no such setting, expected one of norm, seed, inputs, hidden/],
    [["__proto__=1"], "__proto__", /no such setting/],
    [["norm=xn"], "norm xn", /expected one of bn, ln/],
    [["norm="], "norm ", /expected one of bn, ln/],
    [["norm=ws"], "norm ws", /applies to weights/],
    [["seed=a"], "seed=a", /a whole number below 100000/],
    [["seed=-1"], "seed=-1", /a whole number below 100000/],
    [["seed=100000"], "seed=100000", /a whole number below 100000/],
    [[`seed=${Array.from({ length: 2501 }, (_, i) => i)}`], "grid", /at most 10000 jobs, got 10004/],
  ] as const)("The words %j are refused", (words, where, message) =>
    expectUserError(() => grid(...words), where, message),
  );

  it("An experiment that does not exist is refused with those that do", () =>
    expectUserError(
      () => gridOf("gans", "smoke", []),
      "experiment gans",
      /expected one of .*blocked-learning/,
    ));
});
