import { describe, expect, it } from "vitest";
import {
  decodeModel,
  findNorms,
  missingNormsHint,
  partlyFusedHint,
  readModel,
} from "../../../src/onnx/index.js";
import {
  type Elements,
  float,
  type GraphSpec,
  ints,
  modelBytes,
  type NodeSpec,
  nodeOf as node,
  scalar,
  waves,
} from "../../support/onnx/build.js";
import { distance, imported, oracle } from "../../support/onnx/run.js";
import { hasShared, shared, sharedReason } from "../../support/shared.js";

const values = (...shape: number[]): Elements => waves(shape);

const norms = (spec: GraphSpec, opset = 17) => findNorms(decodeModel("m.onnx", modelBytes(spec, opset)));

const bn = (prefix: string, input: string, output: string, name = "", stats = prefix): NodeSpec =>
  node(
    "BatchNormalization",
    [input, `${prefix}.weight`, `${prefix}.bias`, `${stats}.running_mean`, `${stats}.running_var`],
    output,
    {},
    name,
  );

const parameters = (...prefixes: string[]): Record<string, Elements> =>
  Object.fromEntries(
    prefixes.flatMap((p) =>
      ["weight", "bias", "running_mean", "running_var"].map((k) => [`${p}.${k}`, values(3)]),
    ),
  );

const x = { x: { shape: [4, 3] } };

describe("the name of a layer", () => {
  it("A layer has the name of its scale's initializer", () => {
    const spec = {
      nodes: [bn("layer1.bn", "x", "y")],
      inputs: x,
      initializers: parameters("layer1.bn"),
      outputs: ["y"],
    };
    expect(norms(spec).map((n) => n.name)).toEqual(["layer1.bn"]);
  });

  it("The second call of a module gets a number", () => {
    const spec = {
      nodes: [bn("bn", "x", "h"), bn("bn", "h", "y")],
      inputs: x,
      initializers: parameters("bn"),
      outputs: ["y"],
    };
    expect(norms(spec).map((n) => n.name)).toEqual(["bn", "bn#2"]);
  });

  it("Layers that share one scale are named by their running statistics", () => {
    const spec = {
      nodes: [bn("a", "x", "h"), bn("a", "h", "y", "", "b")],
      inputs: x,
      initializers: parameters("a", "b"),
      outputs: ["y"],
    };
    expect(norms(spec).map((n) => n.name)).toEqual(["a", "b"]);
  });

  it("An Identity of another scale keeps the name of its own parameter", () => {
    const spec = {
      nodes: [
        node("Identity", ["ln1.weight"], "ln2.weight"),
        node("LayerNormalization", ["x", "ln1.weight"], "h"),
        node("LayerNormalization", ["h", "ln2.weight"], "y"),
      ],
      inputs: x,
      initializers: { "ln1.weight": values(3) },
      outputs: ["y"],
    };
    expect(norms(spec).map((n) => n.name)).toEqual(["ln1", "ln2"]);
  });

  it("A layer with constant scale and bias is named by its node", () => {
    const spec = {
      nodes: [
        node("Constant", [], "ones", { value: float([3], [1, 1, 1]) }),
        node("Constant", [], "zeros", { value: float([3], [0, 0, 0]) }),
        node("InstanceNormalization", ["x", "ones", "zeros"], "h", {}, "/block/norm/InstanceNormalization"),
        node("InstanceNormalization", ["h", "ones", "zeros"], "y", {}, "plain"),
      ],
      inputs: { x: { shape: [2, 3, 4] } },
      outputs: ["y"],
    };
    const found = norms(spec);
    expect(found.map((n) => n.name)).toEqual(["block.norm", "plain"]);
    expect(found.map((n) => n.affine)).toEqual(Array(2).fill({ scale: false, bias: false }));
  });

  it("Names stay unique if a parameter is named like a second call", () => {
    const spec = {
      nodes: [bn("bn", "x", "h"), bn("bn", "h", "i"), bn("bn#2", "i", "y")],
      inputs: x,
      initializers: parameters("bn", "bn#2"),
      outputs: ["y"],
    };
    expect(new Set(norms(spec).map((n) => n.name)).size).toBe(3);
  });
});

describe("the mode of batch normalization", () => {
  const spec = (training: number, outputs: string[]): GraphSpec => ({
    nodes: [{ ...bn("bn", "x", "y"), outputs, attributes: training ? { training_mode: 1 } : undefined }],
    inputs: x,
    initializers: parameters("bn"),
    outputs: ["y"],
  });
  it.each([
    [17, 1, ["y", "m", "v"], "training"],
    [17, 0, ["y"], "evaluation"],
    [9, 0, ["y", "m", "v", "sm", "sv"], "training"],
    [9, 0, ["y"], "evaluation"],
  ])(
    "In opset %i, a node with training_mode %i and outputs %j has mode %s",
    (opset, training, outputs, mode) => {
      expect(norms(spec(training, outputs), opset).map((n) => n.mode)).toEqual([mode]);
    },
  );
});

/** y = (x − μ)/√(v + ε), as nodes; `axes` as an attribute or, since opset 18, as an input. */
function standardization(
  axes: number[],
  opset: number,
  form: "div" | "reciprocal" | "power" | "one-over",
  rms = false,
): NodeSpec[] {
  const mean = (input: string, output: string) =>
    opset < 18 ? node("ReduceMean", [input], output, { axes }) : node("ReduceMean", [input, "axes"], output);
  const finish = {
    div: [node("Sqrt", ["shifted"], "root"), node("Div", ["c", "root"], "y")],
    reciprocal: [
      node("Sqrt", ["shifted"], "root"),
      node("Reciprocal", ["root"], "r"),
      node("Mul", ["r", "c"], "y"),
    ],
    power: [node("Pow", ["shifted", "minus_half"], "r"), node("Mul", ["c", "r"], "y")],
    "one-over": [
      node("Sqrt", ["shifted"], "root"),
      node("Div", ["one", "root"], "r"),
      node("Mul", ["c", "r"], "y"),
    ],
  }[form];
  return [
    ...(rms ? [node("Identity", ["x"], "c")] : [mean("x", "mean"), node("Sub", ["x", "mean"], "c")]),
    form === "div" ? node("Pow", ["c", "two"], "squares") : node("Mul", ["c", "c"], "squares"),
    mean("squares", "variance"),
    node("Add", form === "power" ? ["eps", "variance"] : ["variance", "eps"], "shifted"),
    ...finish,
  ];
}

const numbers = (axes: number[]): Record<string, Elements> => ({
  two: scalar(2),
  one: scalar(1),
  minus_half: scalar(-0.5),
  eps: scalar(0.01),
  axes: ints(...axes),
});

describe("a normalization written out in primitive nodes", () => {
  const affine = [node("Mul", ["y", "n.weight"], "scaled"), node("Add", ["scaled", "n.bias"], "out")];
  const forms = [
    [
      "layer norm, axes as attribute",
      standardization([-1], 13, "div"),
      [-1],
      13,
      "LayerNormalization (decomposed)",
    ],
    [
      "layer norm, axes as input",
      standardization([-1], 18, "div"),
      [-1],
      18,
      "LayerNormalization (decomposed)",
    ],
    [
      "layer norm by a reciprocal",
      standardization([-2, -1], 13, "reciprocal"),
      [-2, -1],
      13,
      "LayerNormalization (decomposed)",
    ],
    [
      "layer norm over channels",
      standardization([1], 13, "one-over"),
      [1],
      13,
      "LayerNormalization (decomposed)",
    ],
    [
      "batch norm by hand",
      standardization([0, 2], 13, "power"),
      [0, 2],
      13,
      "BatchNormalization (decomposed)",
    ],
    ["RMS norm", standardization([-1], 13, "div", true), [-1], 13, "RMSNormalization (decomposed)"],
    [
      "RMS norm by a power",
      standardization([-1], 18, "power", true),
      [-1],
      18,
      "RMSNormalization (decomposed)",
    ],
  ] as const;

  it.each(forms)(
    "As %s, it is found and named, and gives the values of the nodes",
    async (_, nodes, axes, opset, op) => {
      const shape = axes.some((axis) => axis === 1) ? [3, 1] : axes.length === 2 ? [3, 4] : [4];
      const perChannel = op.startsWith("Batch") ? [3, 1] : shape;
      const spec: GraphSpec = {
        nodes: [...nodes, ...affine],
        inputs: { x: { shape: [2, 3, 4] } },
        initializers: {
          ...numbers([...axes]),
          "n.weight": values(...perChannel),
          "n.bias": values(...perChannel),
        },
        outputs: ["out"],
      };
      const found = norms(spec, opset);
      expect(found.map((n) => [n.name, n.op, n.output, n.affine])).toEqual([
        ["n", op, "out", { scale: true, bias: true }],
      ]);
      expect(found[0].epsilon).toBeCloseTo(0.01, 8);
      const bytes = modelBytes(spec, opset);
      const feeds = { x: values(2, 3, 4) };
      const [expected] = await oracle(bytes, feeds);
      expect(distance(expected, imported(bytes, feeds, "float64")[0])).toBeLessThan(2e-6);
    },
  );

  it("Group normalization is found in the nodes that PyTorch exports", async () => {
    const spec: GraphSpec = {
      nodes: [
        node("Constant", [], "split", { value: ints(0, 2, -1) }),
        node("Reshape", ["x", "split"], "grouped"),
        node("Constant", [], "ones", { value: float([2], [1, 1]) }),
        node("Constant", [], "zeros", { value: float([2], [0, 0]) }),
        node("InstanceNormalization", ["grouped", "ones", "zeros"], "normal"),
        node("Shape", ["x"], "shape"),
        node("Reshape", ["normal", "shape"], "y"),
        node("Unsqueeze", ["gn.weight", "axes"], "gamma"),
        node("Mul", ["y", "gamma"], "scaled"),
        node("Unsqueeze", ["gn.bias", "axes"], "beta"),
        node("Add", ["scaled", "beta"], "out"),
      ],
      inputs: { x: { shape: ["N", 4, 3] } },
      initializers: { "gn.weight": values(4), "gn.bias": values(4), axes: ints(1) },
      outputs: ["out"],
    };
    expect(norms(spec, 13).map((n) => [n.name, n.op, n.statistics, n.affine])).toEqual([
      ["gn", "GroupNormalization (decomposed)", { over: "groups", groups: 2 }, { scale: true, bias: true }],
    ]);
    const bytes = modelBytes(spec, 13);
    const feeds = { x: values(2, 4, 3) };
    const [expected] = await oracle(bytes, feeds);
    expect(distance(expected, imported(bytes, feeds, "float64")[0])).toBeLessThan(2e-6);
  });

  it("Nodes that do not fit together are no normalization", () => {
    const elsewhere = standardization([-1], 13, "div").map((n) =>
      n.op === "Div" ? { ...n, inputs: ["x", "root"] } : n,
    );
    const noEpsilon = standardization([-1], 13, "div").map((n) => (n.op === "Add" ? { ...n, op: "Mul" } : n));
    for (const nodes of [elsewhere, noEpsilon])
      expect(
        norms(
          { nodes, inputs: { x: { shape: [2, 3, 4] } }, initializers: numbers([-1]), outputs: ["y"] },
          13,
        ),
      ).toEqual([]);
  });

  it("The affine phase ends at a value that another node reads too", () => {
    const nodes = [...standardization([-1], 13, "div"), ...affine, node("Relu", ["y"], "other")];
    const initializers = { ...numbers([-1]), "n.weight": values(4), "n.bias": values(4) };
    const [found] = norms(
      { nodes, inputs: { x: { shape: [2, 3, 4] } }, initializers, outputs: ["out", "other"] },
      13,
    );
    expect([found.output, found.scale, found.bias]).toEqual(["y", null, null]);
  });
});

describe("a model that lost its layers to the exporter", () => {
  const conv = (weight: string, bias: string): GraphSpec => ({
    nodes: [node("Conv", ["x", weight, bias], "y", {}, "/stem/Conv")],
    inputs: { x: { shape: [1, 1, 3, 3] } },
    initializers: { [weight]: values(3, 1, 2, 2), [bias]: values(3) },
    outputs: ["y"],
  });
  const model = (spec: GraphSpec) => decodeModel("m.onnx", modelBytes(spec));

  it("The hint shows the export call that keeps the layers", () => {
    const hint = missingNormsHint(model(conv("conv.weight", "conv.bias")));
    expect(hint).toMatch(/^m\.onnx: no normalization layer found, its 1 convolution\(s\) have biases/);
    expect(hint).toMatch(/training=torch\.onnx\.TrainingMode\.TRAINING, do_constant_folding=False/);
  });

  it("Only convolutions whose weights have made-up names count as folded", () => {
    expect(partlyFusedHint(model(conv("conv.weight", "conv.bias")))).toBeNull();
    expect(partlyFusedHint(model(conv("onnx::Conv_12", "onnx::Conv_13")))).toMatch(/"\/stem\/Conv"/);
  });
});

describe.skipIf(!hasShared)(`trained models${sharedReason}`, () => {
  it.each([
    ["mlp-mnist", ["bn1", "bn2"]],
    ["autoencoder-fashion", ["enc_bn1", "enc_bn2", "code_bn", "dec_bn1", "dec_bn2"]],
  ])("All layers of %s are found in both exports", async (name, layers) => {
    for (const [file, mode] of [
      ["train", "training"],
      ["eval", "evaluation"],
    ]) {
      const found = findNorms(await readModel(shared(`models/${name}/model.${file}.onnx`)));
      expect(found.map((n) => n.name)).toEqual(layers);
      expect(new Set(found.map((n) => n.mode))).toEqual(new Set([mode]));
    }
  });
});
