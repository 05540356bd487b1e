import fc from "fast-check";
import { describe, it } from "vitest";
import { lang } from "../../src/engine/index.js";
import type { Traced } from "../../src/engine/jax.js";
import type { DType } from "../../src/tensor.js";
import { agrees, oracle, tensor, withGradients } from "./support.js";

const L = lang;
oracle("wasm");

/** A bounded nonlinearity of arithmetic only, which jax-js's fast kernels do compute in float64. */
const bend = (x: Traced): Traced => L.div(x, L.add(L.square(x), 1));

/** One step of a random program: makes a new value of the values so far, chosen by `pick`. */
type Step = (values: readonly Traced[], pick: (count: number) => number) => Traced;

const choose = (values: readonly Traced[], pick: (count: number) => number): Traced =>
  values[pick(values.length)]!;

/** The axes of x in another order; divisors and axes are drawn with `pick`. */
function shuffled(x: Traced, pick: (count: number) => number): number[] {
  const axes = x.shape.map((_, i) => i);
  return x.shape.map(() => axes.splice(pick(axes.length), 1)[0]!);
}

/** Brings `y` to a shape that broadcasts against `x`, by summing it or taking a slice of it. */
function fitting(x: Traced, y: Traced): Traced {
  const trailing =
    y.shape.length > x.shape.length ? L.sum(y, y.shape.map((_, i) => i).slice(x.shape.length)) : y;
  const offset = x.shape.length - trailing.shape.length;
  const clash = trailing.shape.flatMap((n, i) => (n === x.shape[i + offset] || n === 1 ? [] : [i]));
  return clash.length > 0 ? L.mean(trailing, clash, { keepdims: true }) : trailing;
}

const STEPS: readonly Step[] = [
  (v, pick) => bend(choose(v, pick)),
  (v, pick) => L.sqrt(L.add(L.square(choose(v, pick)), 0.1)),
  (v, pick) => L.relu(choose(v, pick)),
  (v, pick) => L.square(choose(v, pick)),
  (v, pick) => L.neg(choose(v, pick)),
  (v, pick) => {
    const x = choose(v, pick);
    return L.add(x, fitting(x, choose(v, pick)));
  },
  (v, pick) => {
    const x = choose(v, pick);
    return L.mul(x, bend(fitting(x, choose(v, pick))));
  },
  (v, pick) => {
    const x = choose(v, pick);
    const y = fitting(x, choose(v, pick));
    return L.where(L.less(x, y), x, L.mul(y, 0.5));
  },
  (v, pick) => {
    const x = choose(v, pick);
    return L.transpose(x, shuffled(x, pick));
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length < 2 ? x : L.reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);
  },
  (v, pick) => {
    const x = choose(v, pick);
    const axis = x.shape.findIndex((n) => n % 2 === 0 && n > 2);
    return axis < 0 ? x : L.reshape(x, x.shape.toSpliced(axis, 1, 2, x.shape[axis]! / 2));
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : L.mean(x, [pick(x.shape.length)], { keepdims: pick(2) === 0 });
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : L.amax(x, [pick(x.shape.length)]);
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length > 3 ? x : L.broadcastTo(x, [2, ...x.shape]);
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : L.flip(x, [pick(x.shape.length)]);
  },
  (v, pick) => {
    const x = choose(v, pick);
    if (x.shape.length === 0) return x;
    const axis = pick(x.shape.length);
    return L.concat([x, bend(x)], axis);
  },
  (v, pick) => {
    const x = choose(v, pick);
    if (x.shape.length === 0) return x;
    return L.slice(
      x,
      x.shape.map((n) => (n > 1 ? [pick(2), n] : [0, n])),
    );
  },
  (v, pick) => {
    const x = choose(v, pick);
    if (x.shape.length === 0) return x;
    return L.pad(
      x,
      x.shape.map(() => [pick(2), pick(2)]),
    );
  },
  (v, pick) => {
    const x = choose(v, pick);
    const swap = x.shape.map((_, i) => i);
    if (x.shape.length < 2)
      return L.matmul(L.reshape(x, [1, x.shape[0] ?? 1]), L.reshape(x, [x.shape[0] ?? 1, 1]));
    [swap[swap.length - 1], swap[swap.length - 2]] = [swap.at(-2)!, swap.at(-1)!];
    return L.mul(L.matmul(bend(x), L.transpose(x, swap)), 0.1);
  },
];

/** Grown beyond this many elements, a value is no longer built upon: tests should be quick. */
const LARGEST = 500;

function program(choices: readonly number[]) {
  return (...inputs: Traced[]): Traced => {
    let at = 0;
    const pick = (count: number) => choices[at++ % choices.length]! % count;
    const values = [...inputs];
    for (let i = 0; i < 8; i++) {
      const value = STEPS[pick(STEPS.length)]!(values, pick);
      if (value.size <= LARGEST) values.push(value);
    }
    return values.slice(-3).reduce<Traced>((sum, v) => L.add(sum, L.sum(bend(v))), L.sum(values.at(-1)!));
  };
}

describe("random programs and their gradients agree with jax-js's own kernels", () => {
  it.each(["float64", "float32"] as const)("%s", async (dtype: DType) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 12, maxLength: 40 }), async (choices) => {
        const inputs = [tensor([2, 3, 4], dtype, 1), tensor([4, 3], dtype, 2), tensor([4], dtype, 3)];
        await agrees(withGradients(program(choices), inputs), ...inputs);
      }),
      { numRuns: 30 },
    );
  });
});
