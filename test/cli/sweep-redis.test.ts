import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { reproduce } from "../../src/experiments/index.js";
import type { SweepResult } from "../../src/experiments/sweep/result.js";
import { MetricsFile } from "../../src/experiments/training/metrics.js";
import { hasRedis, type RedisServer, redisReason, startRedis, stopped } from "../support/redis.js";
import { temporaryFolder } from "../support/temporary.js";

const PASSWORD = "hush-hush";
const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = temporaryFolder();

/** A command that runs beside the test, and its output so far. */
interface Running {
  readonly child: ChildProcess;
  readonly said: () => string;
}

describe.skipIf(!hasRedis)(`The commands sweep and worker with a Redis server${redisReason}`, () => {
  let redis: RedisServer;
  const started: Running[] = [];

  beforeAll(async () => {
    redis = await startRedis(PASSWORD);
  });
  afterEach(async () => {
    for (const { child } of started) await stopped(child, "SIGKILL");
    for (const { said } of started.splice(0)) expect(said()).not.toContain(PASSWORD);
    redisCli("flushall");
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  const redisCli = (...args: string[]): string =>
    spawnSync("redis-cli", ["-p", String(redis.port), ...args], {
      env: { ...process.env, REDISCLI_AUTH: PASSWORD },
      encoding: "utf8",
    }).stdout.trim();

  /** Starts a command that finds the server and its password in its environment. */
  function start(...args: string[]): Running {
    const child = spawn(process.execPath, [`${root}dist/cli/main.js`, ...args], {
      cwd: root,
      env: { ...process.env, BLINDSPOT_REDIS: `redis://:${PASSWORD}@127.0.0.1:${redis.port}` },
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    const running = { child, said: () => text };
    started.push(running);
    return running;
  }
  const startWorker = (...more: string[]) =>
    start("worker", "--redis", "--jobs", "2", "--stalled-after", "2", ...more);
  const startSweep = (out: string, words: readonly string[], ...more: string[]) =>
    start("sweep", "blocked-learning", ...words, "--out", out, "--redis", ...more);

  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(20);
  };
  const ended = async ({ child }: Running): Promise<number | null> =>
    child.exitCode ?? ((await once(child, "exit"))[0] as number | null);
  const resultIn = (out: string): SweepResult => JSON.parse(readFileSync(`${out}/sweep.json`, "utf8"));
  const times = (text: string, pattern: RegExp) => text.match(new RegExp(pattern, "g"))?.length ?? 0;
  const jobsLeft = () => redisCli("keys", "blindspot:sweep-*+*");

  it("continue the job of a killed worker from its checkpoint, to the same bits, with every result once", async () => {
    const out = folder.path("killed");
    const words = ["norm=none,ln", "seed=0,1", "steps=2500"];
    const first = startWorker();
    const sweep = startSweep(out, words);
    const checkpoint = (name: string) => `${out}/steps=2500/runs/${name}/checkpoint.safetensors`;
    await until(() => existsSync(checkpoint("none-seed0")) && existsSync(checkpoint("ln-seed0")));
    await stopped(first.child, "SIGKILL");
    const second = startWorker();
    expect(await ended(sweep)).toBe(0);

    const resumed = second.said().matchAll(/,seed=0: (\w+)-seed0: resumed at step (\d+) of 2500$/gm);
    const at = Object.fromEntries([...resumed].map(([, norm, step]) => [norm, Number(step)]));
    expect(at).toEqual({ none: expect.any(Number), ln: expect.any(Number) });
    for (const step of Object.values(at)) expect(step).toBeGreaterThanOrEqual(100);

    const alone = await reproduce("blocked-learning", {
      ...{ out: folder.path("alone"), norms: ["none", "ln"], seeds: [0, 1], overrides: { steps: "2500" } },
    });
    for (const name of ["none-seed0", "ln-seed0", "none-seed1", "ln-seed1"]) {
      const whole = readFileSync(folder.path(`alone/runs/${name}/checkpoint.safetensors`));
      expect(readFileSync(checkpoint(name)).equals(whole)).toBe(true);
      const metrics = new MetricsFile(`${out}/steps=2500/runs/${name}/metrics.jsonl`).read();
      expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 2500 }, (_, i) => i + 1));
    }
    const { cells, failures } = resultIn(out);
    expect(failures).toEqual([]);
    expect(cells[0].measurements).toEqual(alone.measurements);
    expect(cells[0].claims).toEqual(alone.claims);
    expect(readdirSync(`${out}/jobs`).length).toBe(4);
    expect(jobsLeft()).toBe("");
  });

  it("hand back the job of a worker that is told to stop, and exit with 0", async () => {
    const out = folder.path("handed-back");
    const first = startWorker();
    const sweep = startSweep(out, ["norm=none", "seed=0", "steps=1500"]);
    await until(() => existsSync(`${out}/steps=1500/runs/none-seed0/checkpoint.safetensors`));
    expect(await stopped(first.child, "SIGTERM")).toBe(0);
    expect(first.said()).toMatch(/norm=none,seed=0: handed back$/m);
    const second = startWorker();
    expect(await ended(sweep)).toBe(0);
    expect(second.said()).toMatch(/none-seed0: resumed at step \d{3,} of 1500$/m);
  });

  it("withdraw waiting jobs on Ctrl-C, finish running ones, and collect them with --resume", async () => {
    const out = folder.path("interrupted");
    const words = ["norm=none", "seed=0,1,2", "steps=600"];
    const worker = start("worker", "--redis", "--jobs", "1");
    const sweep = startSweep(out, words);
    await until(() => worker.said().includes("seed=0: begun"));
    sweep.child.kill("SIGINT");
    expect(await ended(sweep)).toBe(130);
    expect(sweep.said()).toMatch(/--resume continues/);
    await until(() => worker.said().includes("seed=0: done"));
    expect(jobsLeft().split("\n").length).toBe(1);
    expect(existsSync(`${out}/jobs`)).toBe(false);

    expect(await ended(startSweep(out, words, "--resume"))).toBe(0);
    for (const seed of [0, 1, 2]) expect(times(worker.said(), RegExp(`seed=${seed}: begun`))).toBe(1);
    expect(resultIn(out).cells[0].measurements[0].values.length).toBe(3);
    expect(jobsLeft()).toBe("");
  });

  it("keep runs in the worker's folder if it cannot see that of the sweep, and send results through the queue", async () => {
    const out = folder.path("elsewhere");
    const sweep = startSweep(out, ["norm=none", "seed=0,1", "steps=50", "rate=0.05,1e9"]);
    await until(() => jobsLeft() !== "");
    const plan = JSON.parse(readFileSync(`${out}/plan.json`, "utf8"));
    folder.write("elsewhere/plan.json", JSON.stringify({ ...plan, id: "another" }));
    startWorker("--folder", folder.path("own"));
    expect(await ended(sweep)).toBe(2);
    const { cells, failures } = resultIn(out);
    expect(failures.map(({ cell, seed }) => `${cell} ${seed}`).sort()).toEqual([
      "rate=1000000000,steps=50 0",
      "rate=1000000000,steps=50 1",
    ]);
    expect(cells.map(({ name }) => name)).toEqual(["rate=0.05,steps=50"]);
    expect(readdirSync(`${out}/rate=0.05,steps=50/runs/none-seed0`)).toEqual(["summary.json"]);
    const own = folder.path(`own/${plan.id}/rate=0.05,steps=50/runs/none-seed0`);
    expect(readdirSync(own)).toContain("checkpoint.safetensors");
  });

  it("refuse a wrong password without printing it", async () => {
    const url = `redis://:wrong-word@127.0.0.1:${redis.port}`;
    const worker = start("worker", "--redis", url);
    expect(await ended(worker)).toBe(2);
    expect(worker.said()).toMatch(
      RegExp(`^blindspot: redis://127.0.0.1:${redis.port}/0: cannot be used \\(WRONGPASS`),
    );
    expect(worker.said()).not.toContain("wrong-word");
    expect(worker.said().trim().split("\n").length).toBe(1);
  });
});
