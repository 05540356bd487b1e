import { defaultDevice } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/base/tensor.js";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { constant } from "../../../src/engine/lang/index.js";
import {
  decodeModel,
  findNorms,
  type LossKind,
  type LossOptions,
  openModel,
  resolveLoss,
} from "../../../src/onnx/index.js";
import { type Elements, float, ints, modelBytes, type NodeSpec } from "../../support/onnx/build.js";
import { toTensor } from "../../support/onnx/run.js";

defaultDevice("cpu");

/** A model that ends in the given nodes (from `x` to `y`), and the value of a loss on it. */
function lossOf(
  nodes: readonly NodeSpec[],
  x: Elements,
  batch: Record<string, Elements>,
  kind?: LossKind,
  options: LossOptions = {},
) {
  const bytes = modelBytes(
    {
      nodes,
      inputs: { x: { shape: x.shape } },
      initializers: { axes: ints(1), flat: ints(-1) },
      outputs: ["y"],
    },
    13,
  );
  const model = decodeModel("m.onnx", bytes);
  const inputs = new Map([["x", toTensor(x)]]);
  const opened = openModel(model, findNorms(model), { inputs, precision: "float64" });
  const tensors = new Map(Object.entries({ x, ...batch }).map(([k, v]) => [k, toTensor(v)]));
  const loss = resolveLoss(kind, opened, { file: "b.npz", tensors }, { input: tensors.get("x"), ...options });
  const traced = (t: Tensor) =>
    constant(
      t.dtype === "int32" ? t.data : Float64Array.from(t.data),
      t.shape,
      t.dtype === "int32" ? "int32" : "float64",
    );
  const { outputs } = opened.forward([], new Map([["x", traced(tensors.get("x")!)]]));
  const value = (
    borrow(loss.apply(outputs, loss.target && traced(loss.target))).dataSync() as Float64Array
  )[0];
  return { ...loss, value };
}

const node = (op: string, input: string, output: string, attributes = {}): NodeSpec => ({
  op,
  inputs: [input],
  outputs: [output],
  attributes,
});
const identity = [node("Identity", "x", "y")];

const logits = float([2, 3], [0.5, -1, 2, 0.25, 3, -0.5]);
const label = ints(2, 0);
const logSumExp = (v: readonly number[]) => Math.log(v.reduce((s, a) => s + Math.exp(a), 0));
const expectedCrossEntropy = (logSumExp([0.5, -1, 2]) - 2 + logSumExp([0.25, 3, -0.5]) - 0.25) / 2;

describe("cross-entropy", () => {
  it.each<[string, readonly NodeSpec[]]>([
    ["logits", identity],
    ["a softmax", [node("Softmax", "x", "y")]],
    ["a softmax and an Identity", [node("Softmax", "x", "h"), node("Identity", "h", "y")]],
    ["a log-softmax", [node("LogSoftmax", "x", "y")]],
    [
      "a softmax seen through transposes",
      [node("Transpose", "x", "t"), node("Softmax", "t", "s", { axis: 0 }), node("Transpose", "s", "y")],
    ],
  ])("On %s, the loss is −mean log p(label)", (_, nodes) => {
    expect(lossOf(nodes, logits, { label }).value).toBeCloseTo(expectedCrossEntropy, 12);
    expect(lossOf(nodes, logits, { label }, "cross-entropy").kind).toBe("cross-entropy");
  });

  it("Extreme logits below a softmax give a finite and exact loss", () => {
    const { value } = lossOf([node("Softmax", "x", "y")], float([1, 2], [0, 1000]), { label: ints(0) });
    expect(value).toBeCloseTo(1000, 9);
  });

  it("With labels per position, the mean runs over samples and positions without ignored labels", () => {
    // [N, K, L] = [1, 2, 3]: two classes at three positions.
    const maps = float([1, 2, 3], [1, 2, 3, 0, 0, 0]);
    const labels: Elements = { type: "int64", shape: [1, 3], data: [0, -100, 1] };
    const expected = (logSumExp([1, 0]) - 1 + logSumExp([3, 0])) / 2;
    expect(lossOf(identity, maps, { label: labels }).value).toBeCloseTo(expected, 12);
  });

  it("With labels per token, the classes are on the last axis", () => {
    const tokens = float([2, 2, 3], [...logits.data, ...logits.data]);
    const labels: Elements = { type: "int64", shape: [2, 2], data: [2, 0, 2, 0] };
    expect(lossOf(identity, tokens, { label: labels }).value).toBeCloseTo(expectedCrossEntropy, 12);
  });

  it("An output [N, K, 1, 1] takes labels [N]", () => {
    const maps = float([2, 3, 1, 1], logits.data);
    expect(lossOf(identity, maps, { label }).value).toBeCloseTo(expectedCrossEntropy, 12);
  });

  it.each<[string, Record<string, Elements>, RegExp]>([
    [
      "a label out of range",
      { label: ints(2, 12) },
      /key "label": label 12 of element 1 is out of range for 3 classes/,
    ],
    ["a negative label", { label: ints(-1, 0) }, /label -1 of element 0/],
    ["no labels", {}, /no key "label": cross-entropy needs class labels; the batch has "x"/],
    [
      "labels that are floats",
      { label: float([2], [0, 1]) },
      /holds floating-point numbers, expected class numbers \(int64\)/,
    ],
    [
      "too few labels",
      { label: ints(0) },
      /key "label" has shape \[1\], expected one label for each of \[2, 3\]/,
    ],
    ["only ignored labels", { label: ints(-100, -100) }, /no label to learn from/],
  ])("The loss refuses %s", (_, batch, message) => {
    expect(() => lossOf(identity, logits, batch, "cross-entropy")).toThrow(message);
  });
});

describe("mse and l1", () => {
  const x = float([2, 2], [1, 2, 3, 4]);
  const target = float([2, 2], [1, 0, 6, 4]);
  it("Both are means over all elements", () => {
    expect(lossOf(identity, x, { target }, "mse").value).toBeCloseTo((4 + 9) / 4, 12);
    expect(lossOf(identity, x, { target }, "l1").value).toBeCloseTo((2 + 3) / 4, 12);
  });

  it("Without a target, both compare with the model's input", () => {
    const loss = lossOf([node("Neg", "x", "y")], x, {}, "mse");
    expect(loss.value).toBeCloseTo((4 + 16 + 36 + 64) / 4, 12);
    expect(loss.description).toMatch(/the model's input/);
  });

  it("An output [N, 1] is not broadcast against a target [N]", () => {
    const column = float([3, 1], [1, 2, 3]);
    expect(lossOf(identity, column, { target: float([3], [1, 2, 4]) }, "mse").value).toBeCloseTo(1 / 3, 12);
  });

  it("A target of another shape is refused", () => {
    expect(() => lossOf(identity, x, { target: float([3], [1, 2, 3]) }, "mse")).toThrow(
      'b.npz: key "target" has shape [3], expected [2, 2] as the model\'s output',
    );
    expect(() => lossOf(identity, x, { target: float([4], [1, 2, 3, 4]) }, "mse")).toThrow(
      /expected \[2, 2\]/,
    );
  });
});

describe("bce", () => {
  const scores = float([3, 1], [0.25, -2, 4]);
  const target = float([3], [1, 0, 0.5]);
  const p = scores.data.map((v) => 1 / (1 + Math.exp(-v)));
  const expected =
    -(Math.log(p[0]) + Math.log(1 - p[1]) + 0.5 * Math.log(p[2]) + 0.5 * Math.log(1 - p[2])) / 3;

  it.each<[string, readonly NodeSpec[], RegExp]>([
    ["logits", identity, /taken as logits/],
    ["a sigmoid", [node("Sigmoid", "x", "y")], /sigmoid/],
    [
      "a sigmoid and a Flatten",
      [node("Sigmoid", "x", "h"), node("Flatten", "h", "y", { axis: 0 })],
      /sigmoid/,
    ],
  ])("On %s, the loss is the mean over all elements", (_, nodes, description) => {
    const loss = lossOf(nodes, scores, { target }, "bce");
    expect(loss.value).toBeCloseTo(expected, 12);
    expect(loss.description).toMatch(description);
  });

  it("A saturated sigmoid gives a finite loss", () => {
    const { value } = lossOf(
      [node("Sigmoid", "x", "y")],
      float([1], [1000]),
      { target: float([1], [0]) },
      "bce",
    );
    expect(value).toBeCloseTo(1000, 9);
  });

  it("Binary labels serve as targets", () => {
    expect(lossOf(identity, scores, { label: ints(1, 0, 0) }, "bce").kind).toBe("bce");
  });

  it("Targets below 0 or above 1 are refused", () => {
    expect(() => lossOf(identity, scores, { target: float([3], [0, 1, 2]) }, "bce")).toThrow(
      /bce expects targets from 0 to 1, got 2 at element 2/,
    );
  });
});

describe("the model's own output", () => {
  it("The output is the loss if it is one number; other outputs are refused", () => {
    const mean = [node("ReduceMean", "x", "y", { keepdims: 0 })];
    expect(lossOf(mean, logits, {}, "output").value).toBeCloseTo(4.25 / 6, 12);
    expect(() => lossOf(identity, logits, {}, "output")).toThrow(
      /m\.onnx: --loss output expects .* got "y" \[2, 3\]/,
    );
  });
});

describe("the inferred loss", () => {
  it("One-hot rows are no binary target", () => {
    const target: Elements = { type: "int64", shape: [2, 3], data: [0, 1, 0, 0, 0, 1] };
    expect(lossOf(identity, logits, { target }).kind).not.toBe("bce");
  });

  const vector = float([4], [0.1, 0.2, 0.3, 0.4]);
  it.each<[string, readonly NodeSpec[], Elements, Record<string, Elements>, LossKind]>([
    ["Labels suggest cross-entropy", identity, logits, { label }, "cross-entropy"],
    ["A target of floats suggests mse", identity, logits, { target: logits }, "mse"],
    [
      "A sigmoid with a target of zeros and ones suggests bce",
      [node("Sigmoid", "x", "y")],
      vector,
      { target: float([4], [0, 1, 1, 0]) },
      "bce",
    ],
    [
      "A sigmoid with a target of other numbers suggests mse",
      [node("Sigmoid", "x", "y")],
      vector,
      { target: vector },
      "mse",
    ],
    [
      "Several scores with some ones in a row suggest bce",
      identity,
      logits,
      { target: { type: "int64", shape: [2, 3], data: [0, 1, 1, 0, 0, 1] } },
      "bce",
    ],
    [
      "One score per binary label suggests bce",
      identity,
      float([4, 1], vector.data),
      { label: ints(0, 1, 1, 0) },
      "bce",
    ],
    ["An autoencoder suggests mse", [node("Neg", "x", "y")], logits, {}, "mse"],
    [
      "An output of one number is the loss",
      [node("ReduceSum", "x", "y", { keepdims: 0 })],
      logits,
      {},
      "output",
    ],
  ])("%s, and the description gives the reason", (_, nodes, x, batch, kind) => {
    const loss = lossOf(nodes, x, batch);
    expect(loss.kind).toBe(kind);
    expect(loss.description).toMatch(/\(chosen because /);
  });

  it("Labels of the wrong shape are refused with the expected shape", () => {
    expect(() => lossOf(identity, logits, { label: ints(0, 1, 2) }, undefined, { input: undefined })).toThrow(
      /key "label" has shape \[3\], expected one label for each of \[2, 3\]/,
    );
  });

  it.each([
    ["floats", float([2], [2, 0])],
    ["one-hot rows", float([2, 3], [0, 0, 1, 1, 0, 0])],
  ])("Labels that are %s are refused, since class numbers are expected", (_, label) => {
    expect(() => lossOf(identity, logits, { label }, undefined, { input: undefined })).toThrow(
      /b\.npz: key "label" holds floating-point numbers, expected class numbers \(int64\)/,
    );
    expect(lossOf(identity, logits, { label: logits }, undefined, { target: "label" }).kind).toBe("mse");
  });

  it("If nothing suggests a loss, the error asks for --loss", () => {
    expect(() =>
      lossOf(
        [node("ReduceSum", "x", "y", { axes: undefined })].map((n) => ({
          ...n,
          inputs: ["x", "axes"],
          attributes: {},
        })),
        logits,
        {},
      ),
    ).toThrow(
      /cannot tell the loss from output "y" \[2, 1\] .* say --loss cross-entropy\|mse\|bce\|l1\|output/,
    );
  });
});
