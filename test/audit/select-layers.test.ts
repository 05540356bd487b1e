import { expect, it } from "vitest";
import { selectLayers } from "../../src/audit/select-layers.js";

const layers = ["bn1", "layer1.0.bn1", "layer1.0.bn2", "features/norm0"].map((name) => ({ name }));
const select = (glob?: string) => selectLayers(layers, glob, "m.onnx").map(({ name }) => name);

it("A glob selects layers, and its stars match dots and slashes too", () => {
  expect(select()).toHaveLength(4);
  expect(select("bn1")).toEqual(["bn1"]);
  expect(select("*bn1")).toEqual(["bn1", "layer1.0.bn1"]);
  expect(select("layer1.*")).toEqual(["layer1.0.bn1", "layer1.0.bn2"]);
  expect(select("*norm*")).toEqual(["features/norm0"]);
  expect(select("{bn1,features/*}")).toEqual(["bn1", "features/norm0"]);
});

it("A glob that matches no layer is refused with the names of the layers", () => {
  expect(() => select("conv*")).toThrow(
    "m.onnx: --layers: expected a pattern that matches a layer, got 'conv*'; the layers are bn1, layer1.0.bn1, layer1.0.bn2, features/norm0",
  );
  expect(() => select("")).toThrow("expected a pattern that matches a layer, got ''; the layers are bn1");
});
