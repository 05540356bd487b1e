import { defaultDevice } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { add, constant, full, mul, sum, type Traced, valueAndGrad } from "../../../src/engine/lang/index.js";
import { decodeModel, findNorms, openModel } from "../../../src/onnx/index.js";
import { groupCount, groupSize } from "../../../src/theory/layout.js";
import { type Elements, float, type GraphSpec, ints, modelBytes } from "../../support/onnx/build.js";
import { distance, imported, oracle, toTensor } from "../../support/onnx/run.js";

defaultDevice("cpu");

const values = (...shape: number[]): Elements =>
  float(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.fround(Math.cos(2.3 * i + shape.length) + 0.1),
    ),
  );

const parameters = (prefix: string, size: number): Record<string, Elements> => ({
  [`${prefix}.weight`]: values(size),
  [`${prefix}.bias`]: values(size),
  [`${prefix}.mean`]: values(size),
  [`${prefix}.var`]: float([size], Array(size).fill(1)),
});
const bn = (prefix: string, input: string, output: string) => ({
  op: "BatchNormalization",
  name: prefix,
  inputs: [input, ...["weight", "bias", "mean", "var"].map((k) => `${prefix}.${k}`)],
  outputs: [output],
});

function open(spec: GraphSpec, feeds: Record<string, Elements>, opset = 17) {
  const model = decodeModel("m.onnx", modelBytes(spec, opset));
  const inputs = new Map(Object.entries(feeds).map(([k, v]) => [k, toTensor(v)]));
  const opened = openModel(model, findNorms(model), { inputs, precision: "float64" });
  const traced = ({ data, shape }: { data: ArrayLike<number>; shape: readonly number[] }) =>
    constant(Float64Array.from(data), shape, "float64");
  const params = opened.params.map((p) => traced(p.load()));
  const named = new Map(opened.inputs.map(({ name }) => [name, traced(inputs.get(name)!)]));
  return { opened, params, named, forward: opened.forward.bind(null, params, named) };
}

const numbers = (x: Traced): number[] => Array.from(borrow(x).dataSync() as ArrayLike<number>);
const worst = (a: readonly number[], b: readonly number[]) =>
  a.reduce(
    (m, v, i) => Math.max(m, Math.abs(v - b[i])),
    a.length === b.length ? 0 : Number.POSITIVE_INFINITY,
  );

describe("a layer of an opened model", () => {
  const spec: GraphSpec = {
    nodes: [bn("bn", "x", "z"), { op: "Add", inputs: ["z", "x"], outputs: ["y"] }],
    inputs: { x: { shape: ["N", 3, 2] } },
    initializers: parameters("bn", 3),
    outputs: ["y"],
  };

  it("The standardization uses the statistics of the batch, in evaluation mode too", () => {
    const { opened, forward } = open(spec, { x: values(4, 3, 2) });
    const seen: Record<string, Traced> = {};
    forward({
      input: (_, x) => {
        Object.assign(seen, { x });
        return x;
      },
      standardized: (_, y, sigma) => {
        Object.assign(seen, { y, sigma });
        return y;
      },
    });
    const [layer] = opened.layers;
    expect([layer.norm.mode, layer.inputShape, groupCount(layer.layout), groupSize(layer.layout)]).toEqual([
      "evaluation",
      [4, 3, 2],
      3,
      8,
    ]);
    const [x, y, sigma] = [seen.x, seen.y, seen.sigma].map(numbers) as [number[], number[], number[]];
    for (let c = 0; c < 3; c++) {
      const pick = (v: number[]) => v.filter((_, i) => Math.floor(i / 2) % 3 === c);
      const mean = pick(x).reduce((a, b) => a + b) / 8;
      const variance = pick(x).reduce((a, b) => a + (b - mean) ** 2, 0) / 8;
      const expected = Math.sqrt(variance + Math.fround(1e-5));
      expect(sigma[c]).toBeCloseTo(expected, 12);
      expect(
        worst(
          pick(y),
          pick(x).map((v) => (v - mean) / expected),
        ),
      ).toBeLessThan(1e-12);
    }
  });

  it("The hook for x changes x for this layer only", () => {
    const { forward } = open(spec, { x: values(4, 3, 2) });
    const plain = numbers(forward().outputs.get("y")!);
    // A shift of x is invisible behind the normalization, but would show in the sum with x.
    const shifted = numbers(forward({ input: (_, x) => add(x, 5) }).outputs.get("y")!);
    expect(worst(plain, shifted)).toBeLessThan(1e-12);
  });

  it("The hooks for scale and bias change them", () => {
    const { forward } = open(spec, { x: values(4, 3, 2) });
    const hooks = { scale: (_: number, g: Traced) => mul(g, 0), bias: (_: number, b: Traced) => mul(b, 0) };
    expect(worst(numbers(forward(hooks).outputs.get("y")!), values(4, 3, 2).data.map(Number))).toBeLessThan(
      1e-12,
    );
  });

  it("A module that is called twice is two layers", () => {
    const twice: GraphSpec = {
      nodes: [bn("bn", "x", "h"), bn("bn", "h", "y")],
      inputs: { x: { shape: ["N", 3] } },
      initializers: parameters("bn", 3),
      outputs: ["y"],
    };
    const calls: string[] = [];
    const note = (place: string) => (layer: number, value: Traced) => {
      calls.push(`${place} ${layer}`);
      return value;
    };
    const { opened, forward } = open(twice, { x: values(5, 3) });
    const places = ["input", "standardized", "scale", "bias"] as const;
    forward(Object.fromEntries(places.map((place) => [place, note(place)])));
    expect(opened.layers.map((l) => l.norm.name)).toEqual(["bn", "bn#2"]);
    expect(calls).toEqual([0, 1].flatMap((layer) => places.map((place) => `${place} ${layer}`)));
  });

  it("A layer that the loss does not depend on is part of the opened model", () => {
    const heads: GraphSpec = {
      nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }, bn("bn", "x", "other")],
      inputs: { x: { shape: ["N", 3] } },
      initializers: parameters("bn", 3),
      outputs: ["y", "other"],
    };
    expect(open(heads, { x: values(5, 3) }).opened.layers.map((l) => l.norm.name)).toEqual(["bn"]);
  });
});

describe("the linear op below a layer", () => {
  const through = (
    nodes: GraphSpec["nodes"],
    initializers: Record<string, Elements>,
    shape: number[],
    channels: number,
  ) =>
    open(
      {
        nodes: [...nodes, bn("bn", "x1", "y")],
        inputs: { x0: { shape } },
        initializers: { ...parameters("bn", channels), ...initializers },
        outputs: ["y"],
      },
      { x0: values(...shape) },
      13,
    );
  const node = (op: string, inputs: string[], output: string, attributes = {}) => ({
    op,
    inputs,
    outputs: [output],
    attributes,
  });

  it.each<[string, GraphSpec["nodes"], Record<string, Elements>, number[], number, string[]]>([
    [
      "Gemm",
      [node("Gemm", ["x0", "w", "b"], "x1", { transB: 1, alpha: 0.5 })],
      { w: values(3, 4), b: values(3) },
      [5, 4],
      3,
      ["w"],
    ],
    [
      "Conv",
      [node("Conv", ["x0", "w"], "x1", { pads: [1, 1] })],
      { w: values(3, 2, 3) },
      [4, 2, 6],
      3,
      ["w"],
    ],
    [
      "ConvTranspose",
      [node("ConvTranspose", ["x0", "w"], "x1", { strides: [2] })],
      { w: values(2, 3, 3) },
      [4, 2, 6],
      3,
      ["w"],
    ],
    [
      "MatMul behind Transpose, with bias and Reshape above",
      [
        node("Transpose", ["w"], "wt", { perm: [1, 0] }),
        node("MatMul", ["x0", "wt"], "h"),
        node("Add", ["b", "h"], "biased"),
        node("Reshape", ["biased", "shape"], "x1"),
      ],
      { w: values(6, 4), b: values(6), shape: ints(0, 3, 2) },
      [5, 4],
      3,
      ["w"],
    ],
    [
      "MatMul with the weight on the left",
      [node("MatMul", ["w", "x0"], "x1")],
      { w: values(3, 4) },
      [5, 4, 2],
      3,
      ["w"],
    ],
    [
      "a weight that is computed",
      [node("Mul", ["v", "g"], "w"), node("Conv", ["x0", "w"], "x1")],
      { v: values(3, 2, 3), g: values(3, 1, 1) },
      [4, 2, 6],
      3,
      ["v", "g"],
    ],
  ])(
    "With %s, the linear op computes x from the weight",
    (_, nodes, initializers, shape, channels, stored) => {
      const { opened, forward } = through(nodes, initializers, shape, channels);
      let x: Traced | undefined;
      const { linearOps } = forward({
        input: (_layer, value) => {
          x = value;
          return value;
        },
      });
      expect(opened.layers[0].linearOp).toEqual({ weight: stored[0], stored });
      const { value, operands, apply } = linearOps[0]!;
      expect(worst(numbers(apply(value, operands)), numbers(x!))).toBeLessThan(1e-12);
      // Affine in the weight: apply(2w) − apply(w) = apply(w) − apply(0).
      const at = (factor: number) => numbers(apply(mul(value, factor), operands));
      const [zero, one, two] = [at(0), at(1), at(2)];
      expect(
        worst(
          two.map((v, i) => v - one[i]),
          one.map((v, i) => v - zero[i]),
        ),
      ).toBeLessThan(1e-12);
    },
  );

  it.each<[string, GraphSpec["nodes"], Record<string, Elements>]>([
    ["an activation", [node("Conv", ["x0", "w"], "h"), node("Relu", ["h"], "x1")], { w: values(2, 2, 1) }],
    [
      "a residual sum",
      [node("Conv", ["x0", "w"], "h"), node("Add", ["x0", "h"], "x1")],
      { w: values(2, 2, 1) },
    ],
    ["the input itself", [node("Identity", ["x0"], "x1")], {}],
    ["a product of two data", [node("MatMul", ["x0", "x0"], "x1")], {}],
  ])("There is no linear op if x comes from %s", (_, nodes, initializers) => {
    expect(through(nodes, initializers, [4, 2, 2], 2).opened.layers[0].linearOp).toBeNull();
  });
});

describe("an opened model", () => {
  const one = (op: string, extra: Partial<GraphSpec> = {}): GraphSpec => ({
    nodes: [{ op, name: "/block/node", inputs: ["x"], outputs: ["y"] }],
    inputs: { x: { shape: ["N", 2] } },
    outputs: ["y"],
    ...extra,
  });

  it("An unsupported op is refused by node and file", () => {
    expect(() => open(one("LSTM"), { x: values(2, 2) })).toThrow(
      /^m\.onnx: op LSTM \(node "\/block\/node"\) is not supported/,
    );
  });

  it("An unsupported op that nothing depends on is ignored", () => {
    const spec = one("Relu", {
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["y"] },
        { op: "LSTM", inputs: ["x"], outputs: ["unused"] },
      ],
    });
    expect(
      numbers(
        open(spec, { x: float([1, 2], [-1, 2]) })
          .forward()
          .outputs.get("y")!,
      ),
    ).toEqual([0, 2]);
  });

  it("A scale of the wrong shape is refused by the layer's name", () => {
    const spec = one("", { nodes: [bn("bn3", "x", "y")], initializers: parameters("bn3", 3) });
    expect(() => open(spec, { x: values(4, 2) })).toThrow(
      "m.onnx: bn3: BatchNormalization expects scale [2], got [3]",
    );
  });

  it("A shape that depends on the data is refused", () => {
    const spec = one("", {
      nodes: [{ op: "Reshape", name: "r", inputs: ["x", "s"], outputs: ["y"] }],
      inputs: { x: { shape: [2] }, s: { type: "int64", shape: [1] } },
    });
    expect(() => open(spec, { x: values(2), s: ints(2) })).toThrow(
      /Reshape node "r": input "s" must not depend on the data/,
    );
  });

  it("Dropout in training mode is left out with a warning", () => {
    const spec = one("", {
      nodes: [{ op: "Dropout", inputs: ["x", "ratio", "training"], outputs: ["y"] }],
      initializers: { ratio: float([], [0.5]), training: { type: "bool", shape: [], data: [1] } },
    });
    const { opened, forward } = open(spec, { x: float([1, 2], [3, 4]) });
    expect(opened.warnings).toEqual([expect.stringMatching(/^1 dropout layer/)]);
    expect(numbers(forward().outputs.get("y")!)).toEqual([3, 4]);
  });

  it.each([
    [11, { ratio: 0.2 }, 1],
    [11, {}, 1],
    [11, { ratio: 0 }, 0],
    [9, { ratio: 0.2 }, 1],
  ])(
    "In opset %i, where Dropout has no mode, a node with %o gives %i warnings",
    (opset, attributes, count) => {
      const spec = one("", { nodes: [{ op: "Dropout", inputs: ["x"], outputs: ["y"], attributes }] });
      expect(open(spec, { x: float([1, 2], [3, 4]) }, opset).opened.warnings).toHaveLength(count);
    },
  );

  it("Shapes computed from the batch are rounded as runtimes round them", async () => {
    // floor(10 · 0.7) is 7 in float32 arithmetic, 6 in float64.
    const spec: GraphSpec = {
      nodes: [
        { op: "Shape", inputs: ["x"], outputs: ["shape"] },
        { op: "Slice", inputs: ["shape", "one", "two"], outputs: ["length"] },
        { op: "Cast", inputs: ["length"], outputs: ["float"], attributes: { to: 1 } },
        { op: "Mul", inputs: ["float", "factor"], outputs: ["scaled"] },
        { op: "Floor", inputs: ["scaled"], outputs: ["floored"] },
        { op: "Cast", inputs: ["floored"], outputs: ["stop"], attributes: { to: 7 } },
        { op: "Slice", inputs: ["x", "zero", "stop", "one"], outputs: ["y"] },
      ],
      inputs: { x: { shape: [2, 10] } },
      initializers: { zero: ints(0), one: ints(1), two: ints(2), factor: float([1], [0.7]) },
      outputs: ["y"],
    };
    const feeds = { x: values(2, 10) };
    const [expected] = await oracle(modelBytes(spec), feeds);
    const [got] = imported(modelBytes(spec), feeds);
    expect(got.shape).toEqual([2, 7]);
    expect(distance(expected, got)).toBe(0);
  });

  it("The opened function is differentiable in its weights", () => {
    const spec = one("", {
      nodes: [{ op: "Gemm", inputs: ["x", "w"], outputs: ["y"] }],
      initializers: { w: values(2, 3) },
    });
    const { opened, params, named } = open(spec, { x: values(4, 2) });
    const { grads } = valueAndGrad(
      (w) => ({ value: sum(opened.forward([w], named).outputs.get("y")!), aux: [full([], 0, "float64")] }),
      params,
    );
    const columns = values(4, 2).data;
    const total = (c: number) => columns.reduce((s, v, i) => (i % 2 === c ? s + v : s), 0);
    expect(worst(numbers(grads[0]), [0, 0, 0, 1, 1, 1].map(total))).toBeLessThan(1e-12);
  });
});
