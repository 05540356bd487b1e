import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gridOf } from "../../../src/experiments/sweep/grid.js";
import { SweepRecord, sweepIn } from "../../../src/experiments/sweep/record.js";
import { temporaryFolder } from "../../support/temporary.js";
import { expectUserError } from "../../support/user-error.js";

const folder = temporaryFolder();
const grid = await gridOf("blocked-learning", "smoke", []);
const job = { experiment: "blocked-learning", scale: "smoke", overrides: {}, norm: "bn", seed: 0 } as const;
const run = (value: number) => ({ settings: "{}", elapsedMs: 1, summary: { value } });

describe("records of sweeps", () => {
  it("The first outcome of a job is kept, and a second outcome changes nothing", () => {
    const record = SweepRecord.open(folder.path("a"), grid, { resume: false });
    expect(record.isDone(job)).toBe(false);
    record.keep(job, { status: "done", runs: { "bn-seed0": run(1) } });
    record.keep(job, { status: "done", runs: { "bn-seed0": run(2) } });
    const again = SweepRecord.open(folder.path("a"), grid, { resume: true });
    expect(again.id).toBe(record.id);
    expect(sweepIn(folder.path("a"))).toBe(record.id);
    expect(again.isDone(job)).toBe(true);
    const kept = JSON.parse(readFileSync(folder.path("a/as-scaled/runs/bn-seed0/summary.json"), "utf8"));
    expect(kept).toEqual(run(1));
  });

  it("A record is refused without resume, and to another sweep", async () => {
    const out = folder.path("b");
    SweepRecord.open(out, grid, { resume: true });
    await expectUserError(async () => SweepRecord.open(out, grid, { resume: false }), out, /--resume/);
    const other = await gridOf("one-class-batches", "smoke", []);
    await expectUserError(
      async () => SweepRecord.open(out, other, { resume: true }),
      out,
      /has a sweep of blocked-learning at scale smoke, expected one-class-batches at smoke/,
    );
  });

  it.each(["../x", "a/b", "..", ".hidden", "", "a\\b"])("A run named %j is refused", async (name) => {
    const record = SweepRecord.open(folder.path("c"), grid, { resume: true });
    await expectUserError(
      async () => record.keep(job, { status: "done", runs: { [name]: run(1) } }),
      "job as-scaled,norm=bn,seed=0",
      /expected a run with the name of a folder/,
    );
    expect(existsSync(folder.path("x"))).toBe(false);
  });

  it.each(["", "{}", "[]", "null", '{"schema":"blindspot.sweep-plan/1","id":"../.."}'])(
    "The plan %j is refused",
    async (text) => {
      mkdirSync(folder.path("d"), { recursive: true });
      const path = folder.write("d/plan.json", text);
      await expectUserError(
        async () => SweepRecord.open(folder.path("d"), grid, { resume: true }),
        path,
        /the plan of a sweep/,
      );
    },
  );
});
