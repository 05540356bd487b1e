import { expect, it } from "vitest";
import { GraphBuilder, type Value } from "../../src/engine/graph.js";
import * as ops from "../../src/engine/ops.js";
import { OPTIMIZED } from "../../src/engine/optimizations.js";
import { releasePromptly } from "../../src/engine/passes/prompt-release.js";

it("hides the shape of what takes over a buffer that lay idle at the peak, not of what takes over one in use there", () => {
  const g = new GraphBuilder(OPTIMIZED);
  const largest = (x: Value, axes: readonly number[]) => ops.reduce(g, "ReduceMax", x, axes);
  const plus = (shape: readonly number[], after: Value) =>
    ops.elementwise(g, "Add", [g.input({ dtype: "float32", shape }), after]);
  // Four kinds of 16 MiB, so that none takes over another's buffer, in a chain that fixes the order.
  const [early, through, top] = [
    [1024, 4096],
    [2048, 2048],
    [2048, 2048, 1],
  ] as const;
  const first = plus(early, g.scalar(1, "float32"));
  const kept = plus(through, largest(first, [0, 1]));
  const start = plus(top, largest(kept, [0, 1]));
  const peak = ops.elementwise(g, "Sin", [start]);
  const afterPeak = ops.matmul(g, kept, largest(peak, [1]));
  /** Another value of a kind that was there before, its shape told by a Reshape. */
  const again = (shape: readonly number[], after: Value) =>
    ops.elementwise(g, "Add", [
      ops.reshape(g, ops.elementwise(g, "Exp", [g.input({ dtype: "float32", shape: [1 << 22] })]), shape),
      after,
    ]);
  const second = again(early, largest(afterPeak, [0, 1]));
  const third = again(through, largest(second, [0, 1]));
  const released = releasePromptly(g.finish([largest(third, [0, 1])]));
  const hidden = released.nodes.filter(({ op }) => op === "Identity");
  const shapes = hidden.map(
    ({ inputs }) => released.constants.find(({ value }) => value === inputs[0])!.data,
  );
  expect(shapes).toEqual([BigInt64Array.from(early, BigInt)]);
});
