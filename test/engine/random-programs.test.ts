import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DType } from "../../src/base/tensor.js";
import { lang, lower, type TracedFunction } from "../../src/engine/index.js";
import { borrow } from "../../src/engine/lang/borrow.js";
import { OPTIMIZED, PLAIN } from "../../src/engine/lowering/optimizations.js";
import { rules } from "../../src/engine/lowering/rules/index.js";
import { unsupportedRules } from "../../src/engine/lowering/rules/unsupported.js";
import { numpy as np, type Traced, vmap } from "../../src/engine/tracing/jax.js";
import type { Primitive } from "../../src/engine/tracing/primitives.js";
import { trace } from "../../src/engine/tracing/trace.js";
import { compiled, eager, expectClose, oracle, tensor, withGradients } from "../support/engine/programs.js";

const L = lang;
oracle("wasm");

/** A bounded nonlinearity made of arithmetic, which jax-js's fast kernels compute in float64. */
const bend = (x: Traced): Traced => L.div(x, L.add(L.square(x), 1));

/**
 * A step of a random program: computes a new value from earlier values. `pick(n)` chooses one of n.
 */
type Step = (values: readonly Traced[], pick: (count: number) => number) => Traced;

const choose = (values: readonly Traced[], pick: (count: number) => number): Traced =>
  values[pick(values.length)];

/** The axes of x in random order. */
function shuffled(x: Traced, pick: (count: number) => number): number[] {
  const axes = x.shape.map((_, i) => i);
  return x.shape.map(() => axes.splice(pick(axes.length), 1)[0]);
}

/** `y` summed over axes so that its shape broadcasts to the shape of `x`. */
function fitting(x: Traced, y: Traced): Traced {
  const trailing =
    y.shape.length > x.shape.length ? L.sum(y, y.shape.map((_, i) => i).slice(x.shape.length)) : y;
  const offset = x.shape.length - trailing.shape.length;
  const clash = trailing.shape.flatMap((n, i) => (n === x.shape[i + offset] || n === 1 ? [] : [i]));
  return clash.length > 0 ? L.mean(trailing, clash, { keepdims: true }) : trailing;
}

/** A kernel of x's element type. A factor depends on x, so the kernel has a gradient. */
function kernelFor(x: Traced, shape: readonly number[]): Traced {
  const { data, dtype } = tensor(shape, L.dtypeOf(x), 7);
  return L.mul(L.constant(data, shape, dtype), L.add(bend(L.mean(x)), 1));
}

/** x as images [N, C, …] with one to three spatial axes. */
function asImages(x: Traced, pick: (count: number) => number): Traced {
  const { shape } = x;
  if (shape.length < 2) return L.reshape(x, [1, 1, x.size]);
  const batched = shape.length > 2 && pick(2) === 0;
  return batched ? x : L.reshape(x, [1, ...shape]);
}

/**
 * A convolution with random strides, dilations, padding and groups, and a result that is not empty.
 */
function convolved(image: Traced, pick: (count: number) => number): Traced {
  const [, channels, ...sizes] = image.shape as [number, number, ...number[]];
  const groups = pick(2) === 0 ? 1 : channels;
  const outputs = groups * (1 + pick(2));
  const geometry = sizes.map((n) => {
    const kernel = 1 + pick(Math.min(n, 3));
    const dilation = 1 + pick(2);
    const reach = (kernel - 1) * dilation;
    const before = Math.max(reach - n + 1, 0) + pick(2);
    return { kernel, dilation, padding: [before, pick(2)] as const, stride: 1 + pick(2) };
  });
  const kernel = kernelFor(image, [outputs, channels / groups, ...geometry.map((g) => g.kernel)]);
  const options = {
    strides: geometry.map((g) => g.stride),
    padding: geometry.map((g) => g.padding),
    dilations: geometry.map((g) => g.dilation),
    groups,
  };
  return L.mul(L.conv(image, kernel, options), 0.2);
}

/** Pooling with random windows, strides and padding. */
function pooled(image: Traced, pick: (count: number) => number): Traced {
  const sizes = image.shape.slice(2);
  const window = sizes.map((n) => 1 + pick(Math.min(n, 3)));
  // All axes have one kind of windows: jax-js refuses some windows that overlap along one axis
  // only.
  const stride = pick(3);
  const options = {
    window,
    strides: window.map((k) => (stride === 0 ? k : stride)),
    padding: window.map((k) => [k > 1 ? pick(2) : 0, 0] as const),
  };
  return pick(2) === 0 ? L.maxPool(untied(image), options) : L.sumPool(image, options);
}

/** Three indices of an axis with n elements. Some may be equal. */
const places = (n: number, pick: (count: number) => number): Traced =>
  L.constant(
    Int32Array.from({ length: 3 }, () => pick(n)),
    [3],
    "int32",
  );

/**
 * Scales elements that were picked. jax-js's scatter, the gradient of picking, reads beyond the end
 * of a cotangent that was cut to size, such as the cotangent of a pad (docs/upstream.md). Scaling
 * makes a copy.
 */
const picked = (x: Traced): Traced => L.mul(x, 1.25);

/**
 * x with each element changed by a different amount, so that no two are equal. jax-js shares the
 * cotangent of tied elements by 1/count, which it rounds to float32. `pool.test.ts` and
 * `float64.test.ts` test ties.
 */
function untied(x: Traced): Traced {
  const { data, shape, dtype } = tensor(x.shape, L.dtypeOf(x), 11);
  return L.add(x, L.mul(L.constant(data, shape, dtype), 0.01));
}

/** A random axis of x; undefined for a scalar. */
const axisOf = (x: Traced, pick: (count: number) => number): number | undefined =>
  x.shape.length === 0 ? undefined : pick(x.shape.length);

const STEPS: readonly Step[] = [
  (v, pick) => convolved(asImages(choose(v, pick), pick), pick),
  (v, pick) => convolved(asImages(choose(v, pick), pick), pick),
  (v, pick) => pooled(asImages(choose(v, pick), pick), pick),
  (v, pick) => {
    const image = asImages(choose(v, pick), pick);
    const [, channels, ...sizes] = image.shape as [number, number, ...number[]];
    const kernel = kernelFor(image, [channels, 2, ...sizes.map(() => 2)]);
    const geometry = {
      strides: sizes.map(() => 1 + pick(2)),
      padding: sizes.map(() => [0, 0] as const),
      dilations: sizes.map(() => 1 + pick(2)),
      groups: 1,
    };
    return L.mul(
      L.convTranspose(
        image,
        kernel,
        geometry,
        sizes.map(() => 0),
      ),
      0.2,
    );
  },
  (v, pick) => {
    const x = choose(v, pick);
    const axis = axisOf(x, pick);
    return axis === undefined ? x : picked(L.take(x, places(x.shape[axis], pick), axis));
  },
  (v, pick) => {
    const x = choose(v, pick);
    if (x.shape.length < 2) return x;
    const [i, j] = [places(x.shape[0], pick), places(x.shape[1], pick)];
    return picked(borrow(x).slice(i as never, j as never) as Traced);
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : (np.sort(borrow(x), -1) as Traced);
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : (np.cumsum(borrow(x), pick(x.shape.length)) as Traced);
  },
  // Only inputs are compared: rounding could make another element of a computed value the largest.
  (v, pick) => {
    const x = v[pick(2)];
    const largest = np.argmax(borrow(x), pick(x.shape.length)) as Traced;
    return L.mul(L.mean(x), L.cast(largest, L.dtypeOf(x)));
  },
  (v, pick) => {
    const x = choose(v, pick);
    const axis = axisOf(x, pick);
    if (axis === undefined || x.shape[axis] < 2) return x;
    const [a, b] = np.split(borrow(x), [1], axis);
    // jax-js differentiates a product by dividing by its factors, so no factor may be 0.
    return L.add(L.sum(bend(b), [axis]), L.prod(L.add(L.square(a), 0.1), [axis]));
  },
  (v, pick) => {
    const x = choose(v, pick);
    if (x.shape.length < 2) return x;
    const inner = pick(2) === 0 ? (row: Traced) => bend(row) : (row: Traced) => L.mul(row, L.mean(row));
    return (vmap(inner as never, pick(2) as never) as unknown as (x: Traced) => Traced)(borrow(x));
  },
  (v, pick) => {
    const image = asImages(choose(v, pick), pick);
    const kernel = kernelFor(image, [2, image.shape[1], ...image.shape.slice(2).map(() => 1)]);
    const each = { strides: [1], padding: [[0, 0] as const], dilations: [1], groups: 1 };
    const geometry = Object.fromEntries(
      Object.entries(each).map(([k, one]) => [
        k,
        typeof one === "number" ? one : kernel.shape.slice(2).map(() => one[0]),
      ]),
    ) as unknown as typeof each;
    const stack = L.concat(
      [L.reshape(image, [1, ...image.shape]), L.reshape(bend(image), [1, ...image.shape])],
      0,
    );
    const conv = (x: Traced) => L.conv(x, kernel, geometry);
    return L.mul((vmap(conv as never) as unknown as (x: Traced) => Traced)(borrow(stack)), 0.2);
  },
  (v, pick) => L.mul(choose(v, pick), L.add(L.floor(L.mean(v[0])), L.ceil(L.mean(v[1])))),
  (v, pick) => L.min(choose(v, pick), 0.7),
  (v, pick) => {
    const x = choose(v, pick);
    return L.max(x, fitting(x, choose(v, pick)));
  },
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
    return x.shape.length < 2 ? x : L.reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
  },
  (v, pick) => {
    const x = choose(v, pick);
    const axis = x.shape.findIndex((n) => n % 2 === 0 && n > 2);
    return axis < 0 ? x : L.reshape(x, x.shape.toSpliced(axis, 1, 2, x.shape[axis] / 2));
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : L.mean(x, [pick(x.shape.length)], { keepdims: pick(2) === 0 });
  },
  (v, pick) => {
    const x = choose(v, pick);
    return x.shape.length === 0 ? x : L.amax(untied(x), [pick(x.shape.length)]);
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

/** Values with more elements are not used further, so that the tests are fast. */
const LARGEST = 500;

function program(choices: readonly number[]) {
  return (...inputs: Traced[]): Traced => {
    let at = 0;
    const pick = (count: number) => choices[at++ % choices.length] % count;
    const values = [...inputs];
    for (let i = 0; i < 8; i++) {
      const value = STEPS[pick(STEPS.length)](values, pick);
      if (value.size <= LARGEST) values.push(value);
    }
    return values.slice(-3).reduce<Traced>((sum, v) => L.add(sum, L.sum(bend(v))), L.sum(values.at(-1)!));
  };
}

const inputsOf = (dtype: DType) => [
  tensor([2, 3, 4], dtype, 1),
  tensor([4, 3], dtype, 2),
  tensor([4], dtype, 3),
];
const choices = fc.array(fc.nat(), { minLength: 12, maxLength: 60 });

/** Skips programs with convolutions that jax-js refuses to differentiate. */
function traceable(fn: TracedFunction, dtype: DType): void {
  try {
    lower(fn, inputsOf(dtype));
  } catch (error) {
    fc.pre(!String(error).includes("is too negative"));
    throw error;
  }
}

const KINDS: Record<string, (f: (...x: Traced[]) => Traced, dtype: DType) => TracedFunction> = {
  gradients: (f, dtype) => withGradients(f, inputsOf(dtype)),
  "directional derivatives":
    (f) =>
    (...x) =>
      L.jvp(
        (...p) => [f(...p)],
        x,
        x.map((v) => bend(v)),
      ).tangent,
  "Hessian-vector products":
    (f) =>
    (...x) => {
      const gradient: TracedFunction = (...p) =>
        L.valueAndGrad((...q) => ({ value: f(...q), aux: [] }), p).grads;
      return L.jvp(
        gradient,
        x,
        x.map((v) => bend(v)),
      ).tangent;
    },
};

/**
 * Whether jax-js's gradient agrees with finite differences of jax-js's values. Where it does not
 * (docs/upstream.md), jax-js is no oracle.
 */
function isDifferentiatedRight(f: (...x: Traced[]) => Traced): boolean {
  const inputs = inputsOf("float64");
  const value: TracedFunction = (...x) => [L.sum(f(...x))];
  const gradient: TracedFunction = (...x) =>
    L.valueAndGrad((...p) => ({ value: L.sum(f(...p)), aux: [] }), x).grads;
  const along = eager((...x) => x.map((v) => bend(v)), inputs);
  const step = 1e-5;
  const valueAt = (h: number): number =>
    eager(
      value,
      inputs.map((x, k) => ({
        ...x,
        data: Float64Array.from(x.data, (v, i) => Number(v) + h * Number(along[k].data[i])),
      })),
    )[0].data[0];
  const difference = (valueAt(step) - valueAt(-step)) / (2 * step);
  let slope = 0;
  let scale = 1;
  eager(gradient, inputs).forEach(({ data }, k) => {
    data.forEach((g, i) => {
      slope += g * along[k].data[i];
      scale += Math.abs(g * along[k].data[i]);
    });
  });
  return Math.abs(slope - difference) < 1e-6 * scale;
}

describe.each(Object.entries(KINDS))("Random programs agree with jax-js's own kernels: %s", (_, kind) => {
  it.each(["float64", "float32"] as const)("%s", async (dtype: DType) => {
    await fc.assert(
      fc.asyncProperty(choices, async (list) => {
        const fn = kind(program(list), dtype);
        traceable(fn, dtype);
        const inputs = inputsOf(dtype);
        const expected = eager(fn, inputs);
        fc.pre(expected.every(({ data }) => data.every((x) => Math.abs(Number(x)) < 1e6)));
        for (const optimizations of [OPTIMIZED, PLAIN]) {
          const results = await compiled(fn, inputs, { optimizations });
          try {
            expectClose(results, expected);
          } catch (error) {
            fc.pre(isDifferentiatedRight(program(list)));
            throw error;
          }
        }
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });
});

it("A program where jax-js contradicts itself is recognized", () => {
  const wrong = [700575931, 1392396934, 1512895276, 585585742, 1129096267, 439651252, 2099478374];
  wrong.push(1043914668, 1237903802, 76601282, 1382601192, 1391650601, 2016035944);
  expect(isDifferentiatedRight(program(wrong))).toBe(false);
  expect([1, 2, 3].map((n) => isDifferentiatedRight(program([n, 7 * n, 11 * n])))).toEqual([
    true,
    true,
    true,
  ]);
});

it("Random programs and their gradients reach every primitive of floating-point programs", () => {
  const reached = new Set<Primitive>();
  for (let seed = 0; seed < 400; seed++) {
    let state = seed + 1;
    const next = () => (state = (state * 48271) % 2147483647);
    const list = Array.from({ length: 60 }, next);
    try {
      const value: TracedFunction = (...x) => [program(list)(...x)];
      for (const fn of [value, withGradients(program(list), inputsOf("float64"))])
        for (const { primitive } of trace(fn, inputsOf("float64")).equations) reached.add(primitive);
    } catch (error) {
      if (!String(error).includes("is too negative")) throw error;
    }
  }
  // Primitives of whole numbers, and those that jax-js computes in float32 even for float64, have
  // other tests.
  const elsewhere = [
    "idiv",
    "mod",
    "bit_combine",
    "bit_shift",
    "sin",
    "cos",
    "asin",
    "atan",
    "exp",
    "log",
    "erf",
    "erfc",
  ];
  const expected = Object.keys(rules).filter(
    (name) => !(name in unsupportedRules) && !elsewhere.includes(name),
  );
  expect(expected.filter((name) => !reached.has(name as Primitive))).toEqual([]);
});
