import { expect, it } from "vitest";
import { sizeOf } from "../../../../../src/base/tensor.js";
import { lang, type TracedFunction } from "../../../../../src/engine/index.js";
import { optimize } from "../../../../../src/engine/lowering/lower.js";
import { OPTIMIZED } from "../../../../../src/engine/lowering/optimizations.js";
import { trace } from "../../../../../src/engine/tracing/trace.js";
import { unstrided } from "../../../../support/engine/convolutions.js";

const L = lang;

it("A convolution to few channels gathers products, not windows", () => {
  const [samples, from, to, size] = [16, 32, 3, 8];
  const specs = [
    { shape: [samples, from, size, size], dtype: "float32" as const },
    { shape: [to, from, 3, 3], dtype: "float32" as const },
  ];
  const graph = optimize(
    trace((x, w) => [L.conv(x, w, unstrided(1))], specs),
    OPTIMIZED,
  );
  const gathered = graph.nodes.flatMap(({ op, outputs }) =>
    op === "Gather" ? [sizeOf(outputs[0].shape)] : [],
  );
  expect(gathered).toEqual([9 * to * size * size * samples]);
  // The kernel gradient is a convolution to few channels, too. Here, every pixel would meet every
  // other pixel.
  const gradient: TracedFunction = (x, w) =>
    L.valueAndGrad((a) => ({ value: L.sum(L.square(L.conv(x, a, unstrided(1)))), aux: [] }), [w]).grads;
  const largest = optimize(trace(gradient, specs), OPTIMIZED).nodes.map(({ outputs }) =>
    sizeOf(outputs[0].shape),
  );
  expect(Math.max(...largest)).toBeLessThan(10 * from * size * size * samples);
});
