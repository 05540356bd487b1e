import { describe, expect, it } from "vitest";
import { compile, Loop, lang, type TracedFunction } from "../../src/engine/index.js";
import { tensor } from "../support/engine/programs.js";

const L = lang;
const spec = { shape: [4, 3], dtype: "float64" as const };

/** A step on the state (a, b) with an input x. It also returns the sum of a. */
const rotate: TracedFunction = (a, b, x) => [L.sub(b, L.mul(a, 0.1)), L.add(a, x), L.sum(a)];

describe("Loop", () => {
  it("A loop computes what feeding the outputs back computes", async () => {
    await using program = await compile(rotate, [spec, spec, spec]);
    let state = [tensor([4, 3], "float64", 1), tensor([4, 3], "float64", 2)];
    const loop = new Loop(program, state);
    for (let i = 0; i < 5; i++) {
      const x = tensor([4, 3], "float64", 10 + i);
      const [a, b, sum] = await program.run([...state, x]);
      expect(await loop.step([x])).toEqual([sum]);
      state = [a, b];
      expect(loop.state).toEqual(state);
    }
  });

  it("A loop leaves its starting tensors unchanged and allocates no state while it runs", async () => {
    await using program = await compile(rotate, [spec, spec, spec]);
    const start = [tensor([4, 3], "float64", 1), tensor([4, 3], "float64", 2)];
    const before = structuredClone(start);
    const loop = new Loop(program, start);
    const seen = new Set<unknown>();
    for (let i = 0; i < 4; i++) {
      await loop.step([tensor([4, 3], "float64", 3)]);
      for (const { data } of loop.state) seen.add(data.buffer);
    }
    expect(start).toEqual(before);
    expect(seen.size).toBe(4);
  });

  it("Another program may make a step on the same state", async () => {
    const reversed: TracedFunction = (a, b, x) => [L.add(a, x), L.sub(b, L.mul(a, 0.1)), L.sum(b)];
    await using program = await compile(rotate, [spec, spec, spec]);
    await using other = await compile(reversed, [spec, spec, spec]);
    const [a, b, x] = [1, 2, 3].map((seed) => tensor([4, 3], "float64", seed));
    const loop = new Loop(program, [a, b]);
    await loop.step([x]);
    const [c, d] = await program.run([a, b, x]);
    const [e, f, sum] = await other.run([c, d, x]);
    expect(await loop.step([x], other)).toEqual([sum]);
    expect(loop.state).toEqual([e, f]);
  });

  it("A program that does not return its state is refused", async () => {
    await using program = await compile((a) => [L.sum(a)], [spec]);
    expect(() => new Loop(program, [tensor([4, 3])])).toThrow(
      "loop: output 0 should be the next state, expected float64 [4, 3], got float64 []",
    );
  });

  it("Results are written into given tensors, which must have the right shape and type", async () => {
    await using program = await compile((a) => [L.exp(a), L.neg(a)], [spec]);
    const into = tensor([4, 3], "float64", 5);
    const [x] = [tensor([4, 3], "float64", 1)];
    const [, negated] = await program.run([x], [undefined, into]);
    expect(negated).toBe(into);
    expect(into.data[0]).toBe(-x.data[0]);
    await expect(program.run([x], [tensor([3, 4])])).rejects.toThrow(
      "output output0: expected float64 [4, 3]",
    );
  });
});
