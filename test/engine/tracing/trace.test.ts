import { expect, it } from "vitest";
import { lang, type TracedFunction } from "../../../src/engine/index.js";
import { trace } from "../../../src/engine/tracing/trace.js";

const L = lang;

it("A traced program keeps the constants that are read, and not the zeros of differentiation", () => {
  const table = Float32Array.from({ length: 12 }, (_, i) => i);
  const gradient: TracedFunction = (x) => {
    const f = (a: typeof x) => {
      const y = L.relu(L.sub(a, L.mean(a, [0], { keepdims: true })));
      return L.sum(L.mul(y, L.constant(table, [4, 3], "float32")));
    };
    return L.valueAndGrad((a) => ({ value: f(a), aux: [] }), [x]).grads;
  };
  const { constants } = trace(gradient, [{ shape: [4, 3], dtype: "float32" }]);
  expect(constants.map(({ tensor }) => tensor.data)).toEqual([table]);
});
