import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
} from "onnx-buf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import { widenBfloat16, widenFloat16 } from "../../src/base/half-floats.js";
import { decodeTensor } from "../../src/onnx/decode/tensors.js";
import { decodeModel, readModel } from "../../src/onnx/index.js";
import { float, ints, modelBytes, tensorProto } from "../support/onnx/build.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "blindspot-onnx-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const addOne = {
  nodes: [{ op: "Add", inputs: ["x", "w"], outputs: ["y"] }],
  inputs: { x: { shape: ["N", 2] } },
  initializers: { w: float([2], [1, 2]) },
  outputs: ["y"],
};

/**
 * The message of the UserError that `act` throws; fails when it throws nothing or another error.
 */
async function refusal(act: () => unknown): Promise<string> {
  const error = await Promise.resolve()
    .then(act)
    .then(
      () => null,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).not.toMatch(/\n/);
  return message;
}

describe("a model file", () => {
  it("Inputs, opset and weights are decoded", () => {
    const model = decodeModel("m.onnx", modelBytes(addOne, 15));
    expect(model.opset).toBe(15);
    expect(model.inputs).toEqual([{ name: "x", elementType: "float32", shape: ["N", 2] }]);
    expect(model.initializers.get("w")!.load()).toEqual({
      dtype: "float32",
      shape: [2],
      data: Float32Array.of(1, 2),
    });
  });

  it("A Constant node becomes a stored tensor, whichever attribute holds its value", () => {
    const model = decodeModel(
      "m.onnx",
      modelBytes({
        nodes: [
          { op: "Constant", inputs: [], outputs: ["a"], attributes: { value: float([2], [3, 4]) } },
          { op: "Constant", inputs: [], outputs: ["b"], attributes: { value_int: 7 } },
          { op: "Constant", inputs: [], outputs: ["c"], attributes: { value_ints: [1, 2] } },
          { op: "Constant", inputs: [], outputs: ["d"], attributes: { value_float: 0.5 } },
        ],
        outputs: ["a"],
      }),
    );
    expect(model.nodes).toEqual([]);
    const stored = [...model.initializers.values()];
    expect(stored.map((t) => [t.name, t.spec.shape, [...Array.from(t.numbers())], t.constant])).toEqual([
      ["a", [2], [3, 4], true],
      ["b", [], [7], true],
      ["c", [2], [1, 2], true],
      ["d", [], [0.5], true],
    ]);
  });

  it("A file that is cut off at any byte is refused", async () => {
    const bytes = modelBytes(addOne);
    for (let length = 0; length < bytes.length; length++) {
      const message = await refusal(() => decodeModel("cut.onnx", bytes.subarray(0, length)));
      expect(message).toMatch(/^cut\.onnx: .*complete/);
    }
  });

  it("A file of another format is refused, and so is a missing file", async () => {
    for (const text of ["PK\u0003\u0004 not a model", "{}", '{"schema": "blindspot.audit/1"}'])
      expect(await refusal(() => decodeModel("a.zip", new TextEncoder().encode(text)))).toMatch(
        /^a\.zip: expected an ONNX model/,
      );
    expect(await refusal(() => readModel(join(folder, "absent.onnx")))).toMatch(/absent\.onnx: cannot read/);
  });
});

describe("the elements of a stored tensor", () => {
  it("Half floats keep their values", () => {
    const halves = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00];
    expect([...widenFloat16(Uint16Array.from(halves))]).toEqual([
      0,
      -0,
      1,
      -2,
      65504,
      2 ** -24,
      2 ** -14,
      Number.POSITIVE_INFINITY,
    ]);
    expect(widenFloat16(Uint16Array.of(0x7e00))[0]).toBeNaN();
  });

  it("A bfloat16 is the upper half of a float32", () => {
    expect([...widenBfloat16(Uint16Array.of(0x3f80, 0xc040, 0x0000))]).toEqual([1, -3, 0]);
  });

  it.each<[string, Partial<TensorProto>, number[]]>([
    ["float_data", { dataType: TensorProto_DataType.FLOAT, floatData: [1.5, -2] }, [1.5, -2]],
    ["double_data", { dataType: TensorProto_DataType.DOUBLE, doubleData: [0.1, 3] }, [0.1, 3]],
    ["int64_data", { dataType: TensorProto_DataType.INT64, int64Data: [5n, -6n] }, [5, -6]],
    ["int32_data of int8", { dataType: TensorProto_DataType.INT8, int32Data: [5, -6] }, [5, -6]],
    [
      "int32_data of float16",
      { dataType: TensorProto_DataType.FLOAT16, int32Data: [0x3c00, 0xc000] },
      [1, -2],
    ],
    ["uint64_data", { dataType: TensorProto_DataType.UINT32, uint64Data: [5n, 6n] }, [5, 6]],
    ["raw uint8", { dataType: TensorProto_DataType.UINT8, rawData: Uint8Array.of(200, 1) }, [200, 1]],
  ])("Elements are read from %s", (_, fields, expected) => {
    const proto = create(TensorProtoSchema, { name: "t", dims: [2n], ...fields } as object);
    expect(Array.from(decodeTensor("m.onnx", proto).load().data)).toEqual(expected);
  });

  it("A number of bytes that does not fit the shape is refused", async () => {
    const proto = { ...tensorProto("w", float([2], [1, 2])), dims: [3n] };
    expect(await refusal(() => decodeTensor("m.onnx", proto))).toBe(
      'm.onnx: tensor "w": float32[3] needs 12 bytes, got 8',
    );
  });

  it("A 64-bit integer that does not fit 32 bits is refused when it is loaded", async () => {
    const stored = decodeTensor("m.onnx", tensorProto("big", ints(2 ** 40)));
    expect(Array.from(stored.numbers())).toEqual([2 ** 40]);
    expect(await refusal(() => stored.load())).toMatch(/"big": element 0 is 1099511627776/);
  });

  it("Elements of an unsupported type are refused only when they are read", async () => {
    const proto = create(TensorProtoSchema, { name: "s", dims: [1n], dataType: TensorProto_DataType.STRING });
    const stored = decodeTensor("m.onnx", proto);
    expect(await refusal(() => stored.load())).toMatch(/"s": elements of STRING/);
  });
});

describe("external data", () => {
  const model = (location: string, extra: Record<string, string> = {}): Uint8Array => {
    const proto = fromBinary(ModelProtoSchema, modelBytes(addOne));
    const [tensor] = proto.graph!.initializer;
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries({ location, ...extra }).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    return toBinary(ModelProtoSchema, proto);
  };
  const decode = (location: string, extra?: Record<string, string>) =>
    decodeModel(join(folder, "model.onnx"), model(location, extra));

  beforeAll(() => {
    mkdirSync(join(folder, "weights"));
    writeFileSync(join(folder, "weights/w.bin"), new Uint8Array(new Float32Array([9, 5, 6, 7]).buffer));
  });

  it("The bytes are read from their place in a file beside the model", () => {
    const { initializers } = decode("weights/w.bin", { offset: "4", length: "8" });
    expect(Array.from(initializers.get("w")!.load().data)).toEqual([5, 6]);
    const rest = decode("weights/w.bin", { offset: "8" });
    expect(Array.from(rest.initializers.get("w")!.load().data)).toEqual([6, 7]);
  });

  it("A file outside the model's folder is refused, links followed", async () => {
    for (const location of ["../w.bin", "/etc/passwd", "weights/../../w.bin", "C:\\w.bin", "..\\w.bin"])
      expect(await refusal(() => decode(location))).toMatch(
        /external data of "w": .* outside the model's folder/,
      );
    const outside = mkdtempSync(join(tmpdir(), "blindspot-outside-"));
    writeFileSync(join(outside, "w.bin"), new Uint8Array(8));
    symlinkSync(join(outside, "w.bin"), join(folder, "link.bin"));
    expect(await refusal(() => decode("link.bin"))).toMatch(/is a link out of the model's folder/);
    rmSync(outside, { recursive: true });
  });

  it("A file that is missing, incomplete or of the wrong length is refused", async () => {
    expect(await refusal(() => decode("absent.bin"))).toMatch(/cannot find absent\.bin/);
    expect(await refusal(() => decode("weights"))).toMatch(/not a file/);
    expect(await refusal(() => decode("weights/w.bin", { offset: "12", length: "8" }))).toMatch(
      /has 16 bytes/,
    );
    expect(await refusal(() => decode("weights/w.bin", { offset: "-4" }))).toMatch(/offset must be/);
    expect(await refusal(() => decode("weights/w.bin"))).toMatch(/needs 8 bytes, got 16/);
  });
});
