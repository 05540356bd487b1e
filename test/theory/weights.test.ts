import { describe, expect, it } from "vitest";
import { RecordedWeightSums, weightLoss, weightSums } from "../../src/theory/index.js";
import { normals } from "../support/tensors.js";

describe("The loss of the weights below", () => {
  const open = Float64Array.of(3, 4);
  const first = Float64Array.of(3, 0);
  const diag = Float64Array.of(0, 2);

  it("Lengths are relative to the gradient that would arrive with constant statistics", () => {
    expect(weightLoss(weightSums(open, first, diag))).toEqual({
      open: 5,
      first: 0.6,
      diag: 0.4,
      removed: Math.sqrt(13) / 5,
      kept: 0.4,
      cosine: expect.closeTo(0.8, 15),
    });
  });

  it("A recorded pair of gradients gives the same lengths, and the two parts stay unknown", () => {
    const [o, f, d] = [normals(50, 1), normals(50, 2), normals(50, 3)];
    const actual = o.map((v, i) => v - f[i] - d[i]);
    const recorded = new RecordedWeightSums();
    recorded.add(o.subarray(0, 20), actual.subarray(0, 20));
    recorded.add(o.subarray(20), actual.subarray(20));
    const { removed, kept, cosine } = weightLoss(weightSums(o, f, d));
    expect(weightLoss(recorded)).toMatchObject({
      first: null,
      diag: null,
      removed: expect.closeTo(removed, 12),
      kept: expect.closeTo(kept, 12),
      cosine: expect.closeTo(cosine, 12),
    });
  });

  it("Everything is 0 where no gradient arrives, and the cosine is 0 where nothing is kept", () => {
    const zero = new Float64Array(2);
    expect(weightLoss(weightSums(zero, zero, zero))).toEqual({
      open: 0,
      first: 0,
      diag: 0,
      removed: 0,
      kept: 0,
      cosine: 0,
    });
    expect(weightLoss(weightSums(open, open, zero))).toMatchObject({ removed: 1, kept: 0, cosine: 0 });
  });
});
