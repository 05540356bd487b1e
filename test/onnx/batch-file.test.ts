import { describe, expect, it } from "vitest";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { decodeModel, matchInputs } from "../../src/onnx/index.js";
import { modelBytes } from "../support/onnx/build.js";

const zeros = (...shape: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(sizeOf(shape)),
});

describe("the inputs in a batch file", () => {
  const model = decodeModel(
    "m.onnx",
    modelBytes({
      nodes: [{ op: "Relu", inputs: ["image"], outputs: ["y"] }],
      inputs: { image: { shape: ["N", 3, 8] } },
      outputs: ["y"],
    }),
  );
  const image = zeros(4, 3, 8);

  it("An input is found under its name, under `input`, or under the key asked for", () => {
    for (const [key, options] of [
      ["image", {}],
      ["input", {}],
      ["pixels", { input: "pixels" }],
    ] as const)
      expect(matchInputs(model, { file: "b.npz", tensors: new Map([[key, image]]) }, options)).toEqual(
        new Map([["image", image]]),
      );
  });

  it.each([
    [
      "a missing key",
      { other: image },
      'b.npz: no key "image" or "input" for the model\'s input "image"; the batch has "other"',
    ],
    [
      "a wrong shape",
      { image: zeros(4, 3, 9) },
      'b.npz: key "image" has shape [4, 3, 9], expected [N, 3, 8] for the model\'s input "image"',
    ],
    ["a wrong rank", { image: zeros(4, 24) }, 'b.npz: key "image" has shape [4, 24], expected [N, 3, 8]'],
    [
      "a wrong type",
      { image: { ...image, dtype: "int32" as const } },
      'b.npz: key "image" holds whole numbers, expected float32 for the model\'s input "image"; prepare it as for training',
    ],
  ])("A batch file with %s is refused", (_, batch, message) => {
    expect(() => matchInputs(model, { file: "b.npz", tensors: new Map(Object.entries(batch)) })).toThrow(
      message,
    );
  });
});
