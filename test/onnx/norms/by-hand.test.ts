import { describe, expect, it } from "vitest";
import { type AuditModelOptions, auditModel } from "../../../src/audit/index.js";
import { decodeModel, findNorms } from "../../../src/onnx/index.js";
import {
  type Elements,
  type GraphSpec,
  ints,
  modelBytes,
  type NodeSpec,
  nodeOf as node,
  scalar,
  waves,
} from "../../support/onnx/build.js";
import { distance, imported, oracle, toTensor } from "../../support/onnx/run.js";

/** Batch normalization as flows, TensorFlow, Flax and PyTorch write it in arithmetic nodes. */

const N = 6;
const C = 4;
const values = (...shape: number[]): Elements => waves(shape, 0.3);

/** The axes of the statistics, and the shape of γ and β. */
interface Setting {
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly keepdims: 0 | 1;
  readonly affine: readonly number[];
}

const dense: Setting = { shape: [N, C], axes: [0], keepdims: 1, affine: [C] };
const dropped: Setting = { ...dense, keepdims: 0 };
const maps: Setting = { shape: [N, C, 3, 2], axes: [0, 2, 3], keepdims: 1, affine: [1, C, 1, 1] };
const channelsLast: Setting = { shape: [N, 3, 2, C], axes: [0, 1, 2], keepdims: 0, affine: [C] };

const mean = ({ axes, keepdims }: Setting, input: string, output: string) =>
  node("ReduceMean", [input], output, { axes, keepdims });
const sum = ({ keepdims }: Setting, input: string, output: string) =>
  node("ReduceSum", [input, "axes"], output, { keepdims });
const centred = (s: Setting) => [
  mean(s, "h", "mu"),
  node("Sub", ["h", "mu"], "c"),
  node("Mul", ["c", "c"], "cc"),
];
const biased = (s: Setting) => [...centred(s), mean(s, "cc", "var")];
const root = (variance = "var") => [
  node("Add", [variance, "eps"], "shifted"),
  node("Sqrt", ["shifted"], "sigma"),
];
const affine = [node("Mul", ["y", "g"], "scaled"), node("Add", ["scaled", "b"], "z")];
const divided = [node("Div", ["c", "sigma"], "y"), ...affine];

const forms: Record<string, (s: Setting) => NodeSpec[]> = {
  "a division by the root": (s) => [...biased(s), ...root(), ...divided],
  "E[x²] − E[x]²": (s) => [
    mean(s, "h", "mu"),
    node("Mul", ["h", "h"], "hh"),
    mean(s, "hh", "m2"),
    node("Mul", ["mu", "mu"], "mumu"),
    node("Sub", ["m2", "mumu"], "var"),
    ...root(),
    node("Sub", ["h", "mu"], "c"),
    ...divided,
  ],
  "E[x²] − E[x]², clamped at 0": (s) => [
    mean(s, "h", "mu"),
    node("Pow", ["h", "two"], "hh"),
    mean(s, "hh", "m2"),
    node("Pow", ["mu", "two"], "mumu"),
    node("Sub", ["m2", "mumu"], "raw"),
    node("Max", ["zero", "raw"], "var"),
    ...root(),
    node("Sub", ["h", "mu"], "c"),
    ...divided,
  ],
  "γ folded into the reciprocal deviation": (s) => [
    ...biased(s),
    ...root(),
    node("Reciprocal", ["sigma"], "r"),
    node("Mul", ["g", "r"], "inv"),
    node("Mul", ["c", "inv"], "y"),
    node("Add", ["y", "b"], "z"),
  ],
  "x·inv + (β − μ·inv)": (s) => [
    ...biased(s),
    ...root(),
    node("Div", ["one", "sigma"], "r"),
    node("Mul", ["r", "g"], "inv"),
    node("Mul", ["h", "inv"], "hi"),
    node("Mul", ["mu", "inv"], "mi"),
    node("Sub", ["b", "mi"], "shift"),
    node("Add", ["hi", "shift"], "z"),
  ],
  "γ times the deviation from the mean": (s) => [
    ...biased(s),
    ...root(),
    node("Mul", ["g", "c"], "gc"),
    node("Div", ["gc", "sigma"], "y"),
    node("Add", ["b", "y"], "z"),
  ],
  "an unbiased variance from a sum": (s) => [
    ...centred(s),
    sum(s, "cc", "total"),
    node("Div", ["total", "n-1"], "var"),
    ...root(),
    ...divided,
  ],
  "an unbiased variance by Bessel's factor": (s) => [
    ...biased(s),
    node("Mul", ["var", "n"], "t"),
    node("Div", ["t", "n-1"], "unbiased"),
    ...root("unbiased"),
    ...divided,
  ],
  "sums divided by the count": (s) => [
    sum(s, "h", "total"),
    node("Div", ["total", "n"], "mu"),
    node("Sub", ["h", "mu"], "c"),
    node("Mul", ["c", "c"], "cc"),
    sum(s, "cc", "squares"),
    node("Mul", ["squares", "1/n"], "var"),
    ...root(),
    ...divided,
  ],
  "ε after the root": (s) => [
    ...biased(s),
    node("Sqrt", ["var"], "root"),
    node("Add", ["root", "eps"], "sigma"),
    ...divided,
  ],
  "no ε": (s) => [...biased(s), node("Sqrt", ["var"], "sigma"), ...divided],
  "a variance clamped at ε": (s) => [
    ...biased(s),
    node("Clip", ["var", "eps"], "shifted"),
    node("Sqrt", ["shifted"], "sigma"),
    ...divided,
  ],
};

function model(form: string, setting: Setting): { bytes: Uint8Array; spec: GraphSpec } {
  const count = setting.axes.reduce((n, axis) => n * setting.shape[axis], 1);
  const spec: GraphSpec = {
    nodes: [
      node("Mul", ["x", "w"], "h"),
      ...forms[form](setting),
      node("Mul", ["z", "z"], "zz"),
      node("Mul", ["zz", "k"], "weighed"),
      node("ReduceSum", ["weighed"], "loss", { keepdims: 0 }),
    ],
    inputs: { x: { shape: ["N", ...setting.shape.slice(1)] } },
    initializers: {
      w: values(...setting.shape.slice(1)),
      k: values(...setting.shape),
      g: values(...setting.affine),
      b: values(...setting.affine),
      axes: ints(...setting.axes),
      two: scalar(2),
      one: scalar(1),
      zero: scalar(0),
      eps: scalar(0.05),
      n: scalar(count),
      "n-1": scalar(count - 1),
      "1/n": scalar(1 / count),
    },
    outputs: ["loss"],
  };
  return { bytes: modelBytes(spec, 13), spec };
}

const settings = { dense, dropped, maps, channelsLast };
const cases = Object.keys(forms).flatMap((form) =>
  Object.entries(settings).map(([name, setting]) => [form, name, setting] as const),
);

describe("batch normalization by hand", () => {
  it.each(cases)("with %s on %s axes is one layer with the values of the nodes", async (form, _, setting) => {
    const { bytes } = model(form, setting);
    const found = findNorms(decodeModel("m.onnx", bytes));
    expect(found.map((n) => [n.op, n.output, n.scale?.value, n.bias?.value])).toEqual([
      ["BatchNormalization (decomposed)", "z", "g", "b"],
    ]);
    const feeds = { x: values(...setting.shape) };
    const [expected] = await oracle(bytes, feeds);
    expect(distance(expected, imported(bytes, feeds, "float64")[0])).toBeLessThan(5e-6);
    const options: AuditModelOptions = {
      data: { x: toTensor(feeds.x) },
      loss: "output",
      precision: "float64",
    };
    const { layers, warnings } = await auditModel(bytes, options);
    // The closed form of what is blocked agrees with automatic differentiation.
    expect(layers[0].identityResidual).toBeLessThan(1e-10);
    expect(warnings).toEqual([]);
  });

  it("with a sum divided by another number than its count is refused", async () => {
    const { spec } = model("sums divided by the count", dense);
    const bytes = modelBytes({ ...spec, initializers: { ...spec.initializers, n: scalar(N + 2) } }, 13);
    await expect(auditModel(bytes, { data: { x: toTensor(values(N, C)) }, loss: "output" })).rejects.toThrow(
      /sums divided by another number/,
    );
  });

  it("in a form that is not known is named in a warning", async () => {
    const { spec } = model("a division by the root", dense);
    const nodes = [
      node("BatchNormalization", ["x", "g", "b", "m", "v"], "bn"),
      ...spec.nodes.map((n) =>
        n.outputs[0] === "h"
          ? node("Mul", ["bn", "w"], "h")
          : n.outputs[0] === "sigma"
            ? node("Exp", ["var"], "sigma")
            : n,
      ),
    ];
    const initializers = { ...spec.initializers, m: values(C), v: values(C) };
    const bytes = modelBytes({ ...spec, nodes, initializers }, 13);
    const { layers, warnings } = await auditModel(bytes, {
      data: { x: toTensor(values(N, C)) },
      loss: "output",
    });
    expect(layers).toHaveLength(1);
    expect(warnings).toContainEqual(
      expect.stringMatching(/^1 statistic\(s\) over the batch divide its samples, .*: ReduceMean "var"/),
    );
  });
});
