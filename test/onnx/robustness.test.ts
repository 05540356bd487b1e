import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ModelProtoSchema, TensorProto_DataType } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import {
  decodeModel,
  findNorms,
  missingNormsHint,
  openModel,
  partlyFusedHint,
} from "../../src/onnx/index.js";
import {
  type Elements,
  float,
  type GraphSpec,
  graph,
  ints,
  modelBytes,
  type NodeSpec,
} from "../support/onnx/build.js";
import { distance, imported, oracle, toTensor } from "../support/onnx/run.js";

const values = (...shape: number[]): Elements =>
  float(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.fround(Math.sin(1.3 * i + shape.length)),
    ),
  );

/** Conv, batch norm, ReLU, mean over positions and Gemm, in the form of operator set `opset`. */
function network(opset: number): GraphSpec {
  const training: Partial<NodeSpec> =
    opset < 14
      ? { outputs: ["z", "mean", "var", "saved_mean", "saved_var"] }
      : { outputs: ["z", "mean", "var"], attributes: { training_mode: 1 } };
  return {
    nodes: [
      { op: "Conv", inputs: ["x", "conv.weight"], outputs: ["a"], attributes: { pads: [1, 1, 1, 1] } },
      {
        op: "BatchNormalization",
        inputs: ["a", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"],
        outputs: ["z"],
        ...training,
      },
      { op: "Relu", inputs: ["z"], outputs: ["r"] },
      opset < 18
        ? { op: "ReduceMean", inputs: ["r"], outputs: ["p"], attributes: { axes: [2, 3] } }
        : { op: "ReduceMean", inputs: ["r", "axes"], outputs: ["p"] },
      { op: "Flatten", inputs: ["p"], outputs: ["f"] },
      { op: "Gemm", inputs: ["f", "fc.weight", "fc.bias"], outputs: ["y"], attributes: { transB: 1 } },
    ],
    inputs: { x: { shape: ["N", 2, 4, 4] } },
    initializers: {
      "conv.weight": values(3, 2, 3, 3),
      "bn.weight": values(3),
      "bn.bias": values(3),
      "bn.running_mean": values(3),
      "bn.running_var": float([3], [1, 2, 3]),
      "fc.weight": values(2, 3),
      "fc.bias": values(2),
      axes: ints(2, 3),
    },
    outputs: ["y"],
  };
}

const x = values(3, 2, 4, 4);

describe("one network", () => {
  it("It gives the same values in every operator set from 7 to 23", async () => {
    const [expected] = await oracle(modelBytes(network(17), 17), { x });
    for (let opset = 7; opset <= 23; opset++) {
      const bytes = modelBytes(network(opset), opset);
      expect(findNorms(decodeModel("m.onnx", bytes)).map((n) => [n.name, n.mode])).toEqual([
        ["bn", "training"],
      ]);
      expect(distance(expected, imported(bytes, { x }, "float64")[0])).toBeLessThan(2e-6);
    }
  });

  it("Half-float weights run in float32", async () => {
    const proto = fromBinary(ModelProtoSchema, modelBytes(network(17), 17));
    for (const tensor of proto.graph!.initializer)
      if (tensor.dataType === TensorProto_DataType.FLOAT) {
        // bfloat16 keeps the upper half of a float32; clear the lower half of the oracle's weights
        // too.
        const bits = new Uint32Array(tensor.rawData.slice().buffer);
        const upper = Uint16Array.from(bits, (b) => b >>> 16);
        tensor.rawData = new Uint8Array(upper.buffer);
        tensor.dataType = TensorProto_DataType.BFLOAT16;
      }
    const narrow = toBinary(ModelProtoSchema, proto);
    const cleared = network(17);
    const initializers = Object.fromEntries(
      Object.entries(cleared.initializers!).map(([name, t]) => [
        name,
        t.type === "float" ? { ...t, data: t.data.map(clearLowerHalf) } : t,
      ]),
    );
    const [expected] = await oracle(modelBytes({ ...cleared, initializers }, 17), { x });
    expect(distance(expected, imported(narrow, { x })[0])).toBeLessThan(2e-6);
  });

  it("A file with any wrong byte is decoded or refused in one line", () => {
    const bytes = modelBytes(network(17), 17);
    const inputs = new Map([["x", toTensor(x)]]);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice();
        damaged[at] ^= flip;
        try {
          const model = decodeModel("m.onnx", damaged);
          const norms = findNorms(model);
          missingNormsHint(model);
          partlyFusedHint(model);
          const opened = openModel(model, norms, { inputs, precision: "float32" });
          for (const p of opened.params) p.load();
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          expect((error as Error).message).toMatch(/^m\.onnx: [^\n]+$/);
        }
      }),
      { numRuns: 250 },
    );
  });
});

const clearLowerHalf = (value: number): number => {
  const word = new Float32Array([value]);
  new Uint16Array(word.buffer)[0] = 0;
  return word[0];
};

describe("a branch on a shape", () => {
  it("The branch is chosen while tracing and sees the values around it", async () => {
    const branch = (op: string) =>
      graph({ nodes: [{ op, inputs: ["x"], outputs: [`${op}_out`] }], outputs: [`${op}_out`] });
    const spec: GraphSpec = {
      nodes: [
        { op: "Shape", inputs: ["x"], outputs: ["shape"] },
        { op: "Gather", inputs: ["shape", "zero"], outputs: ["batch"] },
        { op: "Equal", inputs: ["batch", "three"], outputs: ["condition"] },
        {
          op: "If",
          inputs: ["condition"],
          outputs: ["y"],
          attributes: { then_branch: branch("Neg"), else_branch: branch("Abs") },
        },
      ],
      inputs: { x: { shape: ["N", 2] } },
      initializers: {
        zero: { type: "int64", shape: [], data: [0] },
        three: { type: "int64", shape: [], data: [3] },
      },
      outputs: ["y"],
    };
    for (const rows of [2, 3]) {
      const feeds = { x: values(rows, 2) };
      const [expected] = await oracle(modelBytes(spec, 13), feeds);
      expect(distance(expected, imported(modelBytes(spec, 13), feeds)[0])).toBe(0);
    }
  });
});
