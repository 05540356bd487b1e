import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { compile, lang } from "../../src/engine/index.js";
import { tensor } from "../support/engine/programs.js";

const L = lang;
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

describe("Program", () => {
  it("A disposed program refuses to run, and a second dispose does nothing", async () => {
    const program = await compile((x) => [L.exp(x)], [spec(2)]);
    await program.dispose();
    await program.dispose();
    await expect(program.run([tensor([2], "float32")])).rejects.toThrow(
      "program: cannot run after dispose; compile it again",
    );
  });

  it("Runs under way finish before the program is disposed", async () => {
    const program = await compile((x) => [L.neg(x)], [spec(2)]);
    const x = tensor([2], "float32");
    const runs = [program.run([x]), program.run([x])];
    await program.dispose();
    for (const [y] of await Promise.all(runs)) expect(y.data).toEqual(x.data.map((v) => -v));
  });

  it("A disposed program releases its memory", () => {
    // The test uses a process of its own, so that no other memory is counted.
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
          // The program stays referenced, so only dispose can release its memory.
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
    // There are two intermediate results of 8 MB. If they were kept, the second series would take
    // at least 640 MB more. The allocator keeps about 50 MB for each thread that has freed memory;
    // the number of such threads varies.
    expect(after - before).toBeLessThan(450);
  });
});
