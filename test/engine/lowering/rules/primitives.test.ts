import { describe, expect, it } from "vitest";
import { UserError } from "../../../../src/base/errors.js";
import type { DType, Tensor } from "../../../../src/base/tensor.js";
import { compile, lang, lower, type TracedFunction } from "../../../../src/engine/index.js";
import { borrow } from "../../../../src/engine/lang/borrow.js";
import { lax, numpy as np, type Traced } from "../../../../src/engine/tracing/jax.js";
import { agrees, compiled, oracle, tensor, withGradients } from "../../../support/engine/programs.js";

const L = lang;
oracle("cpu");
const FLOATS: DType[] = ["float64", "float32"];

/** 0.2 + |x|, where roots and logarithms are defined. */
const positive = (x: Traced): Traced => L.add(L.abs(x), 0.2);
/** 0.4·x, which is between −0.8 and 0.8 for test tensors. */
const inUnit = (x: Traced): Traced => L.mul(x, 0.4);

type Case = readonly [name: string, fn: (...args: Traced[]) => Traced, ...shapes: number[][]];

/** Differentiable functions. Values and gradients are compared. */
const SMOOTH: readonly Case[] = [
  ["add", (x, y) => L.add(x, y), [3, 4], [4]],
  ["mul", (x, y) => L.mul(x, y), [3, 1], [1, 4]],
  ["div", (x, y) => L.div(x, positive(y)), [3, 4], [3, 1]],
  ["max", (x, y) => L.max(x, y), [3, 4], [4]],
  ["min", (x, y) => L.min(x, y), [3, 4], []],
  ["min with 0, which is not a relu", (x) => L.min(x, 0), [3, 4]],
  ["neg", (x) => L.neg(x), [5]],
  ["reciprocal", (x) => L.reciprocal(positive(x)), [5]],
  ["sin", (x) => L.sin(x), [7]],
  ["cos", (x) => L.cos(x), [7]],
  ["asin", (x) => L.asin(inUnit(x)), [7]],
  ["atan", (x) => L.atan(L.mul(x, 3)), [7]],
  ["exp", (x) => L.exp(x), [7]],
  ["log", (x) => L.log(positive(x)), [7]],
  ["sqrt", (x) => L.sqrt(positive(x)), [7]],
  ["floor and ceil", (x) => L.mul(x, L.add(L.floor(x), L.ceil(L.mul(x, 3)))), [7]],
  ["truncating division", (x) => L.mul(x, np.trunc(borrow(x)) as Traced), [7]],
  ["where", (x, y) => L.where(L.less(x, y), L.mul(x, 3), y), [3, 4], [4]],
  ["relu", (x) => L.relu(x), [3, 4]],
  [
    "a selection that differs from relu in the other branch",
    (x, y) => L.where(L.less(0, x), x, y),
    [3, 4],
    [3, 4],
  ],
  ["a selection that differs from relu in its threshold", (x) => L.where(L.less(0.7, x), x, 0), [3, 4]],
  ["comparisons", (x, y) => L.where(L.greaterEqual(x, y), x, L.where(L.notEqual(x, 0), y, x)), [3, 4], [4]],
  ["sigmoid", (x) => L.sigmoid(x), [3, 4]],
  ["tanh", (x) => L.tanh(x), [3, 4]],
  ["softplus", (x) => L.softplus(x), [3, 4]],
  ["pow", (x) => L.pow(x, 3), [5]],
  ["sum", (x) => L.sum(x, [0, 2]), [3, 4, 2]],
  ["sum over axes that are not adjacent", (x) => L.sum(x, [0, 2]), [3, 4, 2, 5]],
  ["sum of a broadcast", (x) => L.sum(L.broadcastTo(x, [3, 4, 2]), [0, 2]), [4, 1]],
  ["product", (x) => L.prod(positive(x), [1]), [3, 4]],
  ["product of a broadcast", (x) => L.prod(L.broadcastTo(positive(x), [5, 3]), [0]), [3]],
  ["maximum", (x) => L.amax(x, [1]), [3, 4]],
  ["maximum with ties", (x) => L.amax(L.floor(x), [1]), [3, 8]],
  ["minimum of a broadcast", (x) => L.amin(L.broadcastTo(x, [2, 3, 4]), [0, 1]), [3, 4]],
  ["log-softmax", (x) => L.logSoftmax(x, 1), [4, 7]],
  ["matrix product", (x, y) => L.matmul(x, y), [3, 4], [4, 5]],
  ["matrix product, transposed left", (x, y) => L.matmul(L.transpose(x, [1, 0]), y), [4, 3], [4, 5]],
  ["matrix product, transposed right", (x, y) => L.matmul(x, L.transpose(y, [1, 0])), [3, 4], [5, 4]],
  ["batched matrix product", (x, y) => L.matmul(x, y), [2, 3, 4], [2, 4, 5]],
  ["batch broadcast", (x, y) => L.matmul(x, y), [2, 1, 3, 4], [6, 4, 5]],
  [
    "a row times a stack that stores the summed axis between the others",
    (x, y) => L.matmul(x, L.transpose(y, [1, 0, 2])),
    [1, 4],
    [4, 3, 5],
  ],
  [
    "stack of Gram matrices",
    (x, y) => L.matmul(L.concat([x, y], 1), L.transpose(L.concat([x, y], 1), [0, 2, 1])),
    [3, 1, 5],
    [3, 1, 5],
  ],
  [
    "stack with both operands transposed",
    (x, y) => L.matmul(L.transpose(x, [0, 2, 1]), L.transpose(y, [0, 2, 1])),
    [3, 5, 4],
    [3, 2, 5],
  ],
  ["concatenate along a new axis", (x, y) => L.concat([x, y], 1), [3, 1, 5], [3, 1, 5]],
  ["matrix times vector", (x, y) => L.matmul(x, y), [3, 4], [4]],
  ["inner product", (x, y) => L.matmul(x, y), [6], [6]],
  ["product over an axis of size 1", (x, y) => L.matmul(x, y), [3, 1], [1, 5]],
  ["product with a broadcast", (x, y) => L.matmul(L.broadcastTo(x, [3, 4]), y), [4], [4, 5]],
  [
    "dot of two broadcasts",
    (x, y) => L.matmul(L.broadcastTo(x, [3, 4]), L.broadcastTo(y, [4, 5])),
    [3, 1],
    [5],
  ],
  ["inner products of rows", (x, y) => L.einsum("bi,bi->b", [x, y]), [3, 4], [3, 4]],
  ["einsum", (x, y) => L.einsum("bij,bkj->bik", [x, y]), [2, 3, 4], [2, 5, 4]],
  ["transpose", (x) => L.exp(L.transpose(x, [2, 0, 1])), [2, 3, 4]],
  ["reshape: merge and split", (x) => L.sin(L.reshape(x, [6, 2, 2])), [2, 3, 4]],
  ["reshape of a transpose", (x) => L.reshape(L.transpose(x, [1, 0, 2]), [3, 8]), [2, 3, 4]],
  ["reshape of a transpose, splitting", (x) => L.reshape(L.transpose(x, [1, 0]), [2, 2, 6]), [6, 4]],
  ["reshape of a broadcast", (x) => L.reshape(L.broadcastTo(x, [2, 3, 4]), [6, 4]), [3, 4]],
  ["mixed layouts", (x, y) => L.mul(L.transpose(x, [2, 1, 0]), y), [2, 3, 4], [4, 3, 2]],
  ["broadcast against a transpose", (x, y) => L.mul(L.transpose(x, [1, 0]), y), [3, 4], [4, 1]],
  ["outer product", (x, y) => L.mul(L.reshape(x, [3, 1]), L.reshape(y, [1, 4])), [3], [4]],
  ["flip", (x) => L.exp(L.flip(x, [0, 2])), [2, 3, 4]],
  ["flip of a flip along another axis", (x) => L.exp(L.flip(L.flip(x, [0]), [1])), [2, 3]],
  [
    "slice",
    (x) =>
      L.slice(x, [
        [0, 2],
        [1, 3],
        [2, 3],
      ]),
    [2, 3, 4],
  ],
  [
    "slice of a transpose",
    (x) =>
      L.slice(L.transpose(x, [2, 0, 1]), [
        [1, 3],
        [0, 1],
        [0, 3],
      ]),
    [2, 3, 4],
  ],
  [
    "slice of a broadcast",
    (x) =>
      L.slice(L.broadcastTo(x, [4, 3]), [
        [1, 3],
        [1, 2],
      ]),
    [3],
  ],
  [
    "pad",
    (x) =>
      L.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    [2, 3],
  ],
  [
    "pad of a broadcast",
    (x) =>
      L.pad(L.broadcastTo(x, [4, 3]), [
        [1, 0],
        [0, 2],
      ]),
    [3],
  ],
  [
    "pad of a transpose",
    (x) =>
      L.pad(L.transpose(x, [1, 0]), [
        [1, 0],
        [0, 2],
      ]),
    [2, 3],
  ],
  ["concatenate", (x, y) => L.concat([x, y, x], 1), [2, 3], [2, 1]],
  [
    "concatenate layouts",
    (x, y) => L.concat([L.transpose(x, [1, 0]), L.broadcastTo(y, [3, 2])], 1),
    [2, 3],
    [2],
  ],
  ["split", (x) => splitAndJoin(x), [3, 7]],
  ["take", (x) => L.take(x, indices([2, 0, 2, 1], [4]), 1), [2, 3, 4]],
  [
    "take of a transpose",
    (x) => L.take(L.transpose(x, [2, 0, 1]), indices([2, 0, 2, 1], [2, 2]), 2),
    [2, 4, 3],
  ],
  ["take of a broadcast", (x) => L.take(L.broadcastTo(x, [3, 4]), indices([2, 0], [2]), 0), [4]],
  ["advanced indexing", (x) => advanced(x), [3, 4, 5]],
  ["sort", (x) => np.sort(borrow(x), -1) as Traced, [3, 9]],
];

const indices = (values: number[], shape: number[]): Traced =>
  L.constant(Int32Array.from(values), shape, "int32");

function splitAndJoin(x: Traced): Traced {
  const [a, b, c] = np.split(borrow(x), [2, 3], 1);
  return L.add(L.sum(L.exp(a), [1]), L.add(L.sum(b, [1]), L.prod(c, [1])));
}

/** x[i, :, j] with index arrays that broadcast against each other and repeat elements. */
function advanced(x: Traced): Traced {
  const [i, j] = [indices([0, 2, 2], [3, 1]), indices([4, 0, 4, 4], [4])];
  return borrow(x).slice(i as never, [] as never, j as never) as Traced;
}

describe.each(FLOATS)("In %s, values and gradients agree with jax-js's kernels", (dtype) => {
  it.each(SMOOTH.map(([name, fn, ...shapes]) => ({ name, fn, shapes })))("$name", async ({ fn, shapes }) => {
    const inputs = shapes.map((shape, i) => tensor(shape, dtype, i + 1));
    await agrees(withGradients(fn, inputs), ...inputs);
  });
});

describe("Second derivatives agree with jax-js's kernels", () => {
  it.each([
    ["matrix product", (x: Traced) => L.tanh(L.matmul(x, L.transpose(x, [1, 0]))), [3, 4]],
    ["normalization", (x: Traced) => standardize(x), [5, 3]],
    ["log-softmax", (x: Traced) => L.logSoftmax(x, 1), [4, 3]],
  ] as const)("%s", async (_, fn, shape) => {
    const gradient = (x: Traced) =>
      L.valueAndGrad((y) => ({ value: L.sum(L.sin(fn(y))), aux: [] }), [x]).grads;
    const hessianVector: TracedFunction = (x, v) => L.jvp((y) => gradient(y), [x], [v]).tangent;
    await agrees(hessianVector, tensor([...shape]), tensor([...shape], "float64", 2));
  });
});

function standardize(x: Traced): Traced {
  const centred = L.sub(x, L.mean(x, [0], { keepdims: true }));
  const variance = L.mean(L.square(centred), [0], { keepdims: true });
  return L.div(centred, L.sqrt(L.add(variance, 1e-5)));
}

describe("Integers and booleans agree with jax-js's kernels", () => {
  const ints =
    (fn: TracedFunction, a = "int32" as DType, b = a) =>
    () =>
      agrees(fn, tensor([3, 4], a, 1), tensor([4], b, 2));
  const odd = (y: Traced): Traced => L.add(L.mul(y, 2), 1);

  for (const dtype of ["int32", "uint32"] as const) {
    it(
      `${dtype}: sums, products, extrema and comparisons`,
      ints(
        (x, y) => [
          L.add(x, y),
          L.mul(x, y),
          L.max(x, y),
          L.min(x, y),
          L.less(x, y),
          L.lessEqual(x, y),
          L.equal(x, y),
          L.where(L.notEqual(x, y), x, y),
        ],
        dtype,
      ),
    );
    it(
      `${dtype}: reductions`,
      ints((x) => [L.sum(x, [1]), L.prod(x, [0]), L.amax(x), L.amin(x, [1])], dtype),
    );
    it(
      `${dtype}: bits`,
      ints(
        (x, y) => [
          np.bitwiseAnd(borrow(x), borrow(y)) as Traced,
          np.bitwiseOr(borrow(x), borrow(y)) as Traced,
          np.bitwiseXor(borrow(x), borrow(y)) as Traced,
          np.leftShift(borrow(x), borrow(L.mul(y, 0))) as Traced,
          np.rightShift(borrow(x), borrow(L.add(L.mul(y, 0), 3))) as Traced,
        ],
        dtype,
      ),
    );
  }
  it("uint32 values beyond the range of int32", () => {
    const large = { dtype: "uint32" as const, shape: [2, 2], data: Uint32Array.of(4e9, 1, 3e9, 2 ** 31) };
    return agrees((x) => [L.amax(x), L.amin(x, [1]), L.sum(x, [0])], large);
  });
  it.each(["int32", "uint32"] as const)("negation of %s", (dtype) => ints((x) => [L.neg(x)], dtype)());
  it(
    "division and remainder, which round towards zero",
    ints((x, y) => [borrow(x).div(borrow(odd(y))) as Traced, borrow(x).mod(borrow(odd(y))) as Traced]),
  );
  it(
    "booleans",
    ints(
      (p, q) => [
        np.logicalAnd(borrow(p), borrow(q)) as Traced,
        np.logicalOr(borrow(p), borrow(q)) as Traced,
        np.logicalXor(borrow(p), borrow(q)) as Traced,
        np.logicalNot(borrow(p)) as Traced,
        L.equal(p, q),
        L.less(p, q),
        L.where(p, q, p),
        L.max(p, q),
        L.min(p, q),
        np.all(borrow(p), 0) as Traced,
        np.any(borrow(p), 1) as Traced,
      ],
      "bool",
    ),
  );
  it("comparisons with other types and with untyped numbers", () =>
    agrees(
      (x, n, m) => [
        np.less(borrow(x), borrow(n)) as Traced,
        borrow(n).less(0) as Traced,
        borrow(m).greater(2) as Traced,
        borrow(x).less(0) as Traced,
      ],
      tensor([9]),
      tensor([9], "int32", 2),
      tensor([9], "uint32", 3),
    ));
  it("casts", () =>
    agrees(
      (x, n, p) => [
        L.cast(x, "int32"),
        L.cast(x, "float32"),
        L.cast(n, "float64"),
        L.cast(n, "bool"),
        L.cast(p, "int32"),
        L.cast(p, "float32"),
      ],
      tensor([9]),
      tensor([9], "int32"),
      tensor([9], "bool"),
    ));
  it("integer matrix product", () =>
    agrees((x, y) => [L.matmul(x, y)], tensor([3, 4], "int32"), tensor([4, 2], "int32", 2)));
  it("argsort, which keeps the order of equal values", () =>
    agrees((x) => [np.argsort(borrow(L.floor(x)), -1) as Traced], tensor([3, 20])));
  it("sort of int32 values", () =>
    agrees((x) => [np.sort(borrow(x), -1) as Traced], tensor([3, 8], "int32")));
  it("sort of uint32 values beyond the range of int32", () => {
    const large = { dtype: "uint32" as const, shape: [4], data: Uint32Array.of(4e9, 1, 3e9, 2) };
    return agrees((x) => [np.sort(borrow(x), -1) as Traced], large);
  });
  it("argmax", () => agrees((x) => [np.argmax(borrow(x), 1) as Traced], tensor([5, 6])));
});

describe("Compiled programs agree with jax-js's kernels", () => {
  it("with an unused input, which is not fed", () => agrees((x) => [L.exp(x)], tensor([3]), tensor([2])));
  it("with an output that is an input, a constant or another output", () =>
    agrees((x) => [x, x, L.full([2, 2], 7, "float32"), L.exp(x), L.exp(x)], tensor([3])));
  it("with an output that is a constant of the traced function", () =>
    agrees((x) => [L.exp(x), L.constant(Float64Array.of(1, 2, 3), [3], "float64")], tensor([3])));
  it("with constants of the traced function", () =>
    agrees((x) => [L.mul(x, L.constant(Float64Array.of(1, 2, 3), [3], "float64"))], tensor([2, 3])));
  it("with a constant operand on either side", () =>
    agrees(
      (x) => [
        L.add(L.full([3], 0, "float64"), x),
        L.add(x, 0),
        L.mul(1, x),
        L.mul(x, -1),
        L.mul(L.full([2, 3], 1, "float64"), x),
        L.add(L.full([3], 2, "float64"), L.full([3], 3, "float64")),
        L.reciprocal(L.full([3], 8, "float64")),
        L.neg(L.full([3], 2, "float64")),
        L.add(x, L.full([3], 0, "float64")),
        L.mul(x, L.full([2, 3], 1, "float64")),
        L.mul(x, L.full([3], -1, "float64")),
        L.mul(L.full([3], -1, "float64"), x),
        L.mul(L.full([3], 2, "float64"), L.full([3], 3, "float64")),
        L.where(L.less(x, 0), L.full([3], 0, "float64"), L.full([3], 1, "float64")),
        L.where(L.less(x, 0), L.full([3], 1, "float64"), L.full([3], 0, "float64")),
      ],
      tensor([3]),
    ));
  it("with nested jit", () =>
    agrees(
      (x) => [np.tanh(borrow(x)) as Traced, np.hypot(borrow(x), borrow(L.exp(x))) as Traced],
      tensor([3], "float32"),
    ));
  it("with scalars", () => agrees((x, y) => [L.mul(x, y)], tensor([]), tensor([])));
});

describe("A UserError names what cannot be compiled or run", () => {
  it.each([
    ["cholesky", () => lower((x) => [lax.linalg.cholesky(borrow(x)) as Traced], [spec([3, 3])])],
    ["lu", () => lower((x) => [lax.linalg.lu(borrow(x))[0] as Traced], [spec([3, 3])])],
  ])("the primitive %s, with line and shape", (name, attempt) => {
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(new RegExp(`primitives\\.test\\.ts:\\d+:\\d+: ${name}: .*\\[3,3\\]`));
  });
  it("the input of another shape or type", async () => {
    await using program = await compile((x) => [L.exp(x)], [spec([2, 3])], { inputNames: ["image"] });
    await expect(program.run([tensor([3, 2])])).rejects.toThrow(
      "input image: expected float64 [2, 3], got float64 [3, 2]",
    );
    await expect(program.run([tensor([2, 3], "float32")])).rejects.toThrow("got float32 [2, 3]");
    await expect(program.run([])).rejects.toThrow("program: expected 1 inputs, got 0");
    const short: Tensor = { ...tensor([2, 3]), data: new Float64Array(5) };
    await expect(program.run([short])).rejects.toThrow("input image: shape [2, 3] needs 6 elements, got 5");
  });
  it("the device that is not available", async () => {
    await expect(compile((x) => [L.exp(x)], [spec([2])], { device: "cuda" })).rejects.toThrow(
      /^device cuda: not available/,
    );
  });
});

const spec = (shape: number[]) => ({ shape, dtype: "float64" as const });

it("A matrix product is one operator without a Transpose, however its operands are stored", () => {
  const operators = (fn: TracedFunction) =>
    Object.fromEntries(lower(fn, [spec([3, 4]), spec([4, 5])]).operators);
  const turned = (x: Traced) => L.transpose(x, [1, 0]);
  expect(operators((x, y) => [L.matmul(x, y)])).toEqual({ MatMul: 1 });
  expect(
    lower((x, y) => [L.matmul(turned(x), y)], [spec([4, 3]), spec([4, 5])]).operators.has("Transpose"),
  ).toBe(false);
  expect(
    lower((x, y) => [L.matmul(x, turned(y))], [spec([3, 4]), spec([5, 4])]).operators.has("Transpose"),
  ).toBe(false);
});

describe("Results", () => {
  it("do not change when the program runs again", async () => {
    await using program = await compile((x) => [L.exp(x)], [spec([3])]);
    const [first] = await program.run([tensor([3])]);
    const copy = first.data.slice();
    await program.run([tensor([3], "float64", 5)]);
    expect(first.data).toEqual(copy);
  });
  it("pass NaN and infinities through", async () => {
    const [relu, sum] = await compiled(
      (x) => [L.relu(x), L.sum(x)],
      [{ shape: [3], dtype: "float32", data: Float32Array.of(Number.NaN, -1, Number.POSITIVE_INFINITY) }],
    );
    expect([...relu.data]).toEqual([Number.NaN, 0, Number.POSITIVE_INFINITY]);
    expect(sum.data[0]).toBeNaN();
  });
});
