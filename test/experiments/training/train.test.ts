import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { MetricsFile } from "../../../src/experiments/training/metrics.js";
import { supervised } from "../../../src/experiments/training/supervised.js";
import { type TrainingRun, train } from "../../../src/experiments/training/train.js";
import { crossEntropy, mlp, sgd } from "../../../src/nn/index.js";
import { smallRun } from "../../support/experiments/small-run.js";
import { temporaryFolder } from "../../support/temporary.js";
import { expectUserError } from "../../support/user-error.js";

const folder = temporaryFolder();
const checkpointOf = (name: string) => readFileSync(folder.path(`${name}/checkpoint.safetensors`));
const losses = (metrics: readonly { step: number; loss?: number }[]) => metrics.map((m) => [m.step, m.loss]);

describe("training", () => {
  let run: TrainingRun;
  let whole: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    run = await smallRun();
    whole = await train(run, { folder: folder.path("whole") });
  });

  it("Training lowers the loss, and the metrics have the loss of every step", () => {
    expect(whole.metrics.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(whole.metrics[0].loss).toBeGreaterThan(2);
    expect(whole.metrics.at(-1)!.loss).toBeLessThan(0.5);
  });

  it("Equal seeds give equal bits, and other seeds give other bits", async () => {
    await train(run, { folder: folder.path("again") });
    expect(checkpointOf("again").equals(checkpointOf("whole"))).toBe(true);
    await train(await smallRun(4), { folder: folder.path("other") });
    expect(checkpointOf("other").equals(checkpointOf("whole"))).toBe(false);
  });

  it("A run that was killed and resumed gives the same bits and every metric once", async () => {
    const script = fileURLToPath(new URL("../../support/experiments/run-small.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script, folder.path("killed")], {
      stdio: "inherit",
    });
    const exited = once(child, "exit");
    const path = folder.path("killed/metrics.jsonl");
    const arrived = () => existsSync(path) && new MetricsFile(path).read().some(({ step }) => step >= 14);
    while (!arrived() && child.exitCode === null) await new Promise((done) => setTimeout(done, 10));
    child.kill("SIGKILL");
    expect((await exited)[1]).toBe("SIGKILL");
    expect(new MetricsFile(path).read().at(-1)!.step).toBeLessThan(60);

    const resumed = await train(run, { folder: folder.path("killed"), resume: true });
    expect(checkpointOf("killed").equals(checkpointOf("whole"))).toBe(true);
    expect(losses(resumed.metrics.filter(({ step }) => step > 0))).toEqual(losses(whole.metrics));
  });

  it("Steps after the last checkpoint and incomplete lines of metrics are made again", async () => {
    const name = folder.path("cut");
    const stopped = { ...run, evaluate: stopAt(21) };
    await expect(train(stopped, { folder: name })).rejects.toThrow("stopped");
    const file = new MetricsFile(`${name}/metrics.jsonl`);
    file.append([{ step: 15, loss: 99 }]);
    folder.write("cut/metrics.jsonl", `${readFileSync(`${name}/metrics.jsonl`, "utf8")}{"step":1`);
    const { metrics } = await train(run, { folder: name, resume: true });
    expect(losses(metrics.filter(({ step }) => step > 0))).toEqual(losses(whole.metrics));
    expect(checkpointOf("cut").equals(checkpointOf("whole"))).toBe(true);
  });

  it("A run without resume starts over", async () => {
    const { metrics } = await train(run, { folder: folder.path("whole") });
    expect(losses(metrics)).toEqual(losses(whole.metrics));
  });

  it("A checkpoint of other settings is refused", async () => {
    await expectUserError(
      () => train({ ...run, settings: { network: "other" } }, { folder: folder.path("whole"), resume: true }),
      folder.path("whole/checkpoint.safetensors"),
      /other settings/,
    );
  });

  it("A loss that is not finite is refused by its step", async () => {
    const network = mlp({ inputs: 256, hidden: [24], norm: "bn" });
    const procedure = supervised({ network, optimizer: sgd({ rate: 1e30 }), loss: crossEntropy });
    const wild = { ...run, procedure };
    await expectUserError(() => train(wild, { folder: folder.path("wild") }), "step 2", /the run diverged/);
  });
});

/** An evaluation that fails at `step`, after the checkpoint before it has been written. */
function stopAt(step: number): TrainingRun["evaluate"] {
  let calls = 0;
  return async () => {
    if (calls++ === step / 7) throw new Error("stopped");
    return {};
  };
}
