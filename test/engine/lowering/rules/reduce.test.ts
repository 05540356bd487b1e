import { expect, it } from "vitest";
import { Random } from "../../../../src/base/random.js";
import { compile } from "../../../../src/engine/index.js";
import { sum } from "../../../../src/engine/lang/index.js";

// One accumulator for 50,000 rows would lose two digits.
it("Sums over many rows keep the precision of float32", async () => {
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
