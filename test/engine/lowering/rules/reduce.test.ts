import { expect, it } from "vitest";
import { Random } from "../../../../src/base/random.js";
import { compile } from "../../../../src/engine/index.js";
import { sum } from "../../../../src/engine/lang/index.js";

it("sums over many rows keep float32's precision: adding 50,000 one after another would lose two digits", async () => {
  const random = new Random(1);
  const [rows, columns] = [50_176, 8];
  const data = Float32Array.from({ length: rows * columns }, () => random.normal() ** 2);
  const expected = new Float64Array(columns);
  data.forEach((value, i) => {
    expected[i % columns] += value;
  });
  const x = { shape: [rows, columns], dtype: "float32", data } as const;
  await using program = await compile((a) => [sum(a, [0])], [x]);
  const [result] = await program.run([x]);
  for (const [c, value] of expected.entries()) expect(result.data[c] / value).toBeCloseTo(1, 6);
});
