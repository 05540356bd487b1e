import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/base/tensor.js";
import { compile, type Traced } from "../../src/engine/index.js";
import { add, cos, mul, sub } from "../../src/engine/lang/index.js";
import { adam, adamax, type Optimizer, sgd } from "../../src/nn/optimizers/index.js";

const vector = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const scalar = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });

/** Gradient of Σ c(w − t)² + sin 3w. */
const gradient = (w: Traced, c: Traced, t: Traced): Traced =>
  add(mul(mul(sub(w, t), c), 2), mul(cos(mul(w, 3)), 3));

/** Values of w after 1, 2 and 20 steps from [1, −2, ½, 0]. */
async function path(optimizer: Optimizer): Promise<number[][]> {
  const [c, t] = [vector(1, 3, 0.1, 2), vector(0.5, 1, -1, 0)];
  let state = [vector(1, -2, 0.5, 0), ...optimizer.slots.map(() => vector(0, 0, 0, 0))];
  const numbers = (step: number) => optimizer.coefficients(step).map(scalar);
  const count = state.length;
  await using program = await compile(
    (...args) => {
      const [w, ...slots] = args.slice(0, count);
      const [c, t] = args.slice(-2);
      const after = optimizer.update(w, gradient(w, c, t), slots, args.slice(count, -2));
      return [after.parameter, ...after.slots];
    },
    [...state, ...numbers(1), c, t],
  );
  const seen: number[][] = [];
  for (let step = 1; step <= 20; step++) {
    state = await program.run([...state, ...numbers(step), c, t]);
    if ([1, 2, 20].includes(step)) seen.push(Array.from(state[0].data as Float32Array));
  }
  return seen;
}

/** Expected values: torch.optim of PyTorch 1.13 in float32, with the same loss and start. */
describe("An optimizer takes the steps that PyTorch's takes", () => {
  const cases: [string, Optimizer, number[][]][] = [
    [
      "SGD",
      sgd({ rate: 0.05 }),
      [
        [1.0984988, -1.2440255, 0.4743894, -0.15],
        [1.1868759, -0.4462171, 0.4375816, -0.2550671],
        [1.3657167, 1.3302356, -0.5337485, -0.3578182],
      ],
    ],
    [
      "SGD with momentum and weight decay",
      sgd({ rate: 0.05, momentum: 0.9, weightDecay: 0.01 }),
      [
        [1.0979989, -1.2430255, 0.4741394, -0.15],
        [1.2741103, 0.2366313, 0.4137113, -0.3899921],
        [1.3341293, 0.4994407, -0.7330492, -0.4646284],
      ],
    ],
    [
      "Adam with weight decay",
      adam({ rate: 0.1, weightDecay: 0.02 }),
      [
        [1.1, -1.9, 0.4, -0.1],
        [1.1995437, -1.8000419, 0.3066509, -0.1990133],
        [1.3166369, -0.0735173, -0.7312968, -0.2952201],
      ],
    ],
    [
      "Adam with other betas and a large epsilon",
      adam({ rate: 0.1, betas: [0.5, 0.9], epsilon: 1e-3 }),
      [
        [1.0999492, -1.9000067, 0.4001949, -0.0999667],
        [1.1981806, -1.8002253, 0.2974796, -0.1967123],
        [1.3656383, -0.2045825, -0.5320669, -0.3581739],
      ],
    ],
    [
      "Adamax with weight decay",
      adamax({ rate: 0.1, weightDecay: 0.02 }),
      [
        [1.1, -1.9, 0.4, -0.1],
        [1.1944388, -1.800684, 0.3293793, -0.1906873],
        [1.3069474, -0.1620478, -0.7422494, -0.318221],
      ],
    ],
  ];
  it.each(cases)("%s", async (_, optimizer, expected) => {
    const seen = await path(optimizer);
    for (const [i, values] of expected.entries())
      for (const [j, value] of values.entries()) expect(seen[i][j]).toBeCloseTo(value, 5);
  });
});
