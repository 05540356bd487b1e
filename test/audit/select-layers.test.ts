import { expect, it } from "vitest";
import { selectLayers } from "../../src/audit/select-layers.js";

const layers = ["bn1", "layer1.0.bn1", "layer1.0.bn2", "features/norm0"].map((name) => ({ name }));
const select = (glob?: string) => selectLayers(layers, glob, "m.onnx").map(({ name }) => name);

it("layers are chosen by a glob whose stars cross dots and slashes", () => {
  expect(select()).toHaveLength(4);
  expect(select("bn1")).toEqual(["bn1"]);
  expect(select("*bn1")).toEqual(["bn1", "layer1.0.bn1"]);
  expect(select("layer1.*")).toEqual(["layer1.0.bn1", "layer1.0.bn2"]);
  expect(select("*norm*")).toEqual(["features/norm0"]);
  expect(select("{bn1,features/*}")).toEqual(["bn1", "features/norm0"]);
});

it("a glob without a match is refused with the names there are", () => {
  expect(() => select("conv*")).toThrow(
    "m.onnx: --layers 'conv*' matches no layer; there are bn1, layer1.0.bn1, layer1.0.bn2, features/norm0",
  );
  expect(() => select("")).toThrow("m.onnx: --layers '' matches no layer; there are bn1");
});
