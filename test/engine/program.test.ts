import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { compile, lang } from "../../src/engine/index.js";
import { tensor } from "../support/engine/programs.js";

const L = lang;
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

describe("a program", () => {
  it("is refused after it was disposed of; disposing of it again does nothing", async () => {
    const program = await compile((x) => [L.exp(x)], [spec(2)]);
    await program.dispose();
    await program.dispose();
    await expect(program.run([tensor([2], "float32")])).rejects.toThrow(
      "program: run after dispose; compile it again",
    );
  });

  it("finishes the runs under way before it goes", async () => {
    const program = await compile((x) => [L.neg(x)], [spec(2)]);
    const x = tensor([2], "float32");
    const runs = [program.run([x]), program.run([x])];
    await program.dispose();
    for (const [y] of await Promise.all(runs)) expect(y.data).toEqual(x.data.map((v) => -v));
  });

  it("gives its memory back: compiling and disposing again and again does not add up", () => {
    // A process of its own: others that share a heap or a busy machine would be measured with it.
    const program = `
      import { compile, lang as L } from "./src/engine/index.ts";
      const fn = (x) => [L.sum(L.mul(L.sin(L.exp(x)), L.cos(x)))];
      const x = { dtype: "float32", shape: [2_000_000], data: new Float32Array(2_000_000).fill(0.5) };
      const kept = [];
      const resident = async (rounds) => {
        for (let i = 0; i < rounds; i++) {
          const program = await compile(fn, [x], { threads: 1 });
          await program.run([x]);
          await program.dispose();
          // Still referred to: it is disposing that frees, not the garbage collector.
          kept.push(program);
        }
        gc();
        return process.memoryUsage().rss / 2 ** 20;
      };
      console.log(JSON.stringify([await resident(20), await resident(40)]));`;
    const out = execFileSync(
      process.execPath,
      ["--expose-gc", "--import", "tsx", "--input-type=module", "-e", program],
      { encoding: "utf8" },
    );
    const [before, after] = JSON.parse(out) as [number, number];
    // Two intermediate results of 8 MB each: kept, they take 640 MB more and up. The allocator
    // keeps some 50 MB of what is freed for each thread that has freed some, and how many have is
    // by chance.
    expect(after - before).toBeLessThan(450);
  });
});
