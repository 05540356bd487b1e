import { afterEach, expect, it, vi } from "vitest";
import type { Tensor } from "../../src/base/tensor.js";
import { compile, compileFor, lang, Program, type TracedFunction } from "../../src/engine/index.js";
import { tensor } from "../support/engine/programs.js";

/** Centred rows times weights. The graph holds the number of rows, which the mean depends on. */
const fn: TracedFunction = (x, w) => {
  const centred = lang.sub(x, lang.mean(x, [0], { keepdims: true }));
  return [lang.matmul(centred, w)];
};

const w = tensor([3, 2], "float32", 2);
const rows = (n: number): Tensor => tensor([n, 3], "float32", n);
const values = ([result]: readonly Tensor[]) => ({ ...result, data: [...result.data] });

const load = vi.spyOn(Program, "load");
const dispose = vi.spyOn(Program.prototype, "dispose");
afterEach(() => void [load, dispose].map((spy) => spy.mockClear()));

it("The function is compiled once for each shape and computes what a program for the shape does", async () => {
  await using program = compileFor(fn);
  for (const n of [4, 7, 4, 1, 7]) {
    await using own = await compile(fn, [rows(n), w]);
    expect(values(await program.run([rows(n), w]))).toEqual(values(await own.run([rows(n), w])));
  }
  expect(load).toHaveBeenCalledTimes(3 + 5);
  const double: Tensor = { ...rows(4), dtype: "float64", data: Float64Array.from(rows(4).data) };
  const [result] = await program.run([double, { ...w, dtype: "float64", data: Float64Array.from(w.data) }]);
  expect(result.dtype).toBe("float64");
});

it("Simultaneous runs with the same new shape compile once", async () => {
  await using program = compileFor(fn);
  const results = await Promise.all([5, 5, 6, 5].map((n) => program.run([rows(n), w])));
  expect(load).toHaveBeenCalledTimes(2);
  expect(values(results[0])).toEqual(values(results[3]));
});

it("Beyond the number of held programs, the one that has not run for longest is disposed", async () => {
  await using program = compileFor(fn, { programs: 2 });
  for (const n of [2, 3, 2]) await program.run([rows(n), w]);
  expect(dispose).not.toHaveBeenCalled();
  await program.run([rows(4), w]);
  expect(dispose).toHaveBeenCalledTimes(1);
  await program.run([rows(2), w]);
  expect(load).toHaveBeenCalledTimes(3);
  await program.run([rows(3), w]);
  expect(load).toHaveBeenCalledTimes(4);
});

it("A running program is never disposed, and dispose releases all programs", async () => {
  const program = compileFor(fn, { programs: 1 });
  const runs = [2, 3, 4, 5, 2].map((n) => program.run([rows(n), w]));
  const disposed = program.dispose();
  expect((await Promise.all(runs)).map(([result]) => result.shape[0])).toEqual([2, 3, 4, 5, 2]);
  await disposed;
  expect(new Set(dispose.mock.contexts).size).toBe(load.mock.calls.length);
  await expect(program.run([rows(2), w])).rejects.toThrow(
    "program: cannot run after dispose; compile it again",
  );
  await program.dispose();
});

it("A program that is asked for while it would be disposed is kept", async () => {
  await using program = compileFor(fn, { programs: 1 });
  // The second call for 2 rows comes a few turns after the run for 3 rows ends, when the first
  // program would be disposed.
  for (let turns = 0; turns < 12; turns++) {
    await program.run([rows(2), w]);
    const other = program.run([rows(3), w]);
    const again = Promise.all(load.mock.results.map(({ value }) => value)).then(async () => {
      for (let turn = 0; turn < turns; turn++) await null;
      return program.run([rows(2), w]);
    });
    await other;
    expect((await again)[0].shape).toEqual([2, 2]);
  }
});

it("Inputs for which the function cannot be compiled are refused, and other inputs still run", async () => {
  await using program = compileFor(fn);
  const wide = tensor([2, 5], "float32");
  await expect(program.run([wide, w])).rejects.toThrow();
  await expect(program.run([wide, w])).rejects.toThrow();
  expect((await program.run([rows(2), w]))[0].shape).toEqual([2, 2]);
});

it.each([0, 1.5, Number.NaN])("A number of %s held programs is refused", (programs) => {
  expect(() => compileFor(fn, { programs })).toThrow(
    `compileFor: programs: expected a whole number from 1 on, got ${programs}`,
  );
});
