import { describe, expect, it } from "vitest";
import { compile, lang, type Program, type TracedFunction } from "../../src/engine/index.js";
import { tensor } from "./support.js";

const L = lang;
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

describe("a program", () => {
  it("is refused after it was disposed of; disposing of it again does nothing", async () => {
    const program = await compile((x) => [L.exp(x!)], [spec(2)]);
    await program.dispose();
    await program.dispose();
    await expect(program.run([tensor([2], "float32")])).rejects.toThrow(
      "program: run after dispose; compile it again",
    );
  });

  it("finishes the runs under way before it goes", async () => {
    const program = await compile((x) => [L.neg(x!)], [spec(2)]);
    const x = tensor([2], "float32");
    const runs = [program.run([x]), program.run([x])];
    await program.dispose();
    for (const [y] of await Promise.all(runs)) expect(y!.data).toEqual(x.data.map((v) => -v));
  });

  it("gives its memory back: compiling and disposing again and again does not add up", async () => {
    // Two intermediate results of 8 MB.
    const fn: TracedFunction = (x) => [L.sum(L.mul(L.sin(L.exp(x!)), L.cos(x!)))];
    const x = tensor([2_000_000], "float32");
    const kept: Program[] = [];
    const round = async () => {
      await using program = await compile(fn, [x], { threads: 1 });
      await program.run([x]);
      // Still referred to: it is disposing that frees, not the garbage collector.
      kept.push(program);
    };
    const resident = async (rounds: number) => {
      for (let i = 0; i < rounds; i++) await round();
      return process.memoryUsage().rss / 2 ** 20;
    };
    // Kept, 40 more would hold 640 MB and more, every time. The allocator keeps some of what is freed, but only once.
    const after = [await resident(10), await resident(40), await resident(40), await resident(40)];
    const grown = after.slice(1).map((now, i) => now - after[i]!);
    expect(Math.min(...grown)).toBeLessThan(150);
  });
});
