import { create } from "@bufbuild/protobuf";
import { GraphProtoSchema, NodeProtoSchema, ValueInfoProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { auditModel } from "../../../src/audit/index.js";
import { decodeModel, findNorms } from "../../../src/onnx/index.js";
import { float, type GraphSpec, ints, modelBytes } from "../../support/onnx/build.js";
import { distance, imported, oracle, toTensor } from "../../support/onnx/run.js";

const values = (...shape: number[]) =>
  float(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(Math.sin(1.3 * i) + 0.2)),
  );

/** A branch with one node that writes `y` from names outside. */
const branch = (opType: string, input: string[]) =>
  create(GraphProtoSchema, {
    name: opType,
    node: [create(NodeProtoSchema, { name: `in-${opType}`, opType, input, output: ["y"] })],
    output: [create(ValueInfoProtoSchema, { name: "y" })],
  });

const norm = branch("InstanceNormalization", ["x", "in.weight", "in.bias"]);
const weights = { "in.weight": values(4), "in.bias": values(4) };

describe("a normalization inside a branch", () => {
  const spec = (condition: GraphSpec["nodes"]): GraphSpec => ({
    nodes: [
      ...condition,
      {
        op: "If",
        name: "if",
        inputs: ["c"],
        outputs: ["z"],
        attributes: { then_branch: norm, else_branch: branch("Relu", ["x"]) },
      },
      { op: "Mul", inputs: ["z", "k"], outputs: ["weighed"] },
      { op: "ReduceSum", inputs: ["weighed"], outputs: ["loss"], attributes: { keepdims: 0 } },
    ],
    inputs: { x: { shape: ["N", 4, 5] } },
    initializers: { ...weights, k: values(3, 4, 5), four: ints(4), one: ints(1) },
    outputs: ["loss"],
  });
  const fromShapes: GraphSpec["nodes"] = [
    { op: "Shape", inputs: ["x"], outputs: ["shape"] },
    { op: "Gather", inputs: ["shape", "one"], outputs: ["channels"] },
    { op: "Equal", inputs: ["channels", "four"], outputs: ["c"] },
  ];
  const fromData: GraphSpec["nodes"] = [
    { op: "ReduceMax", inputs: ["x"], outputs: ["top"], attributes: { keepdims: 0 } },
    { op: "Cast", inputs: ["top"], outputs: ["c"], attributes: { to: 9 } },
  ];
  const options = { data: { x: toTensor(values(3, 4, 5)) }, loss: "output" } as const;

  it("is measured where the condition follows from shapes", async () => {
    const { layers, warnings } = await auditModel(modelBytes(spec(fromShapes), 13), {
      ...options,
      precision: "float64",
    });
    expect(layers.map(({ name, op }) => [name, op])).toEqual([["in", "InstanceNormalization"]]);
    expect(layers[0].identityResidual).toBeLessThan(1e-10);
    expect(warnings).toEqual([]);
  });

  it("is named where the condition depends on the data and there is no other layer", async () => {
    await expect(auditModel(modelBytes(spec(fromData), 13), options)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringMatching(/such as InstanceNormalization "in-Instance.*" are inside If node "if"/),
    });
  });
});

describe("normalizations of ONNX Runtime's optimizer", () => {
  const shape = [3, 5, 4];
  const fused = (op: string, extra: string[], outputs: string[], attributes = {}): GraphSpec => ({
    nodes: [{ op, domain: "com.microsoft", name: "fused", inputs: ["x", ...extra], outputs, attributes }],
    inputs: { x: { shape } },
    initializers: { "n.weight": values(4), "n.bias": values(4), skip: values(...shape), add: values(4) },
    outputs: ["y"],
  });
  it.each<[string, GraphSpec, string]>([
    [
      "SkipLayerNormalization",
      fused("SkipLayerNormalization", ["skip", "n.weight", "n.bias", "add"], ["y"], { epsilon: 0.01 }),
      "LayerNormalization",
    ],
    [
      "SkipSimplifiedLayerNormalization",
      fused("SkipSimplifiedLayerNormalization", ["skip", "n.weight"], ["y"], { epsilon: 0.01 }),
      "SimplifiedLayerNormalization",
    ],
  ])("%s is found, and has the values of ONNX Runtime", async (_, spec, op) => {
    const bytes = modelBytes(spec, 17);
    expect(findNorms(decodeModel("m.onnx", bytes)).map((n) => [n.name, n.op])).toEqual([["n", op]]);
    const feeds = { x: values(...shape) };
    const [expected] = await oracle(bytes, feeds);
    expect(distance(expected, imported(bytes, feeds)[0])).toBeLessThan(2e-6);
  });

  it("GroupNorm is found as the group normalization that its nodes are", () => {
    const spec: GraphSpec = {
      nodes: [
        {
          op: "GroupNorm",
          domain: "com.microsoft",
          name: "gn",
          inputs: ["x", "n.weight", "n.bias"],
          outputs: ["y"],
          attributes: { groups: 2, activation: 1, channels_last: 1 },
        },
      ],
      inputs: { x: { shape: [2, 3, 3, 4] } },
      initializers: { "n.weight": values(4), "n.bias": values(4) },
      outputs: ["y"],
    };
    const bytes = modelBytes(spec, 17);
    expect(findNorms(decodeModel("m.onnx", bytes)).map((n) => [n.name, n.op, n.statistics])).toEqual([
      ["n", "GroupNormalization (decomposed)", { over: "groups", groups: 2 }],
    ]);
    const x = values(2, 3, 3, 4);
    const [got] = imported(bytes, { x }, "float64");
    expect(got.shape).toEqual(x.shape);
    // y = SiLU(γ·(x − μ)/√(v + ε) + β), element by element.
    const group = (n: number, g: number) =>
      x.data.filter((_, i) => Math.floor(i / 36) === n && Math.floor((i % 4) / 2) === g);
    const expected = x.data.map((value, i) => {
      const members = group(Math.floor(i / 36), Math.floor((i % 4) / 2));
      const mean = members.reduce((a, b) => a + b) / members.length;
      const variance = members.reduce((a, b) => a + (b - mean) ** 2, 0) / members.length;
      const [gamma, beta] = [values(4).data[i % 4], values(4).data[i % 4]];
      const z = (gamma * (value - mean)) / Math.sqrt(variance + 1e-5) + beta;
      return z / (1 + Math.exp(-z));
    });
    expect(distance({ shape: x.shape, data: expected }, got)).toBeLessThan(1e-6);
  });
});
