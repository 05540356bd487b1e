import { expect, test } from "vitest";
import { mul, reshape, sum } from "../../../src/engine/lang/index.js";
import { GradientProgram } from "../../../src/experiments/calibration/gradient-program.js";
import {
  chain,
  conv,
  flatten,
  initialBuffers,
  initialValues,
  type LayerFunction,
  linear,
  network,
  normLayer,
  Random,
  type Registry,
} from "../../../src/nn/index.js";

const SAMPLES = 16;
const layers: Readonly<Record<string, (registry: Registry) => LayerFunction>> = {
  linear: (registry) =>
    chain(
      flatten,
      linear(registry, "below", { inputs: 50, outputs: 24 }),
      normLayer("bn")(registry, "norm", [24]),
    ),
  "strided convolution": (registry) =>
    chain(
      conv(registry, "below", { inputs: 2, outputs: 12, kernel: 3, stride: 2, padding: 1 }),
      normLayer("bn")(registry, "norm", [12, 3, 3]),
    ),
};

test.each(Object.keys(layers))("The chance level of removed is what white noise loses: %s", async (name) => {
  const net = network(layers[name]);
  const random = new Random(1);
  const normal = (shape: readonly number[]) => ({
    ...({ dtype: "float32", shape } as const),
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  });
  const drawn = normal([SAMPLES, 2, 5, 5]);
  // Inputs as after a ReLU: most of their energy lies along 1.
  const inputs = { ...drawn, data: drawn.data.map((value) => Math.max(0, value)) };
  const outputs = name === "linear" ? [SAMPLES, 24] : [SAMPLES, 12, 3, 3];
  // γ is 1, so this loss has the target as G.
  await using program = await GradientProgram.compile(
    net,
    (output, target) => sum(mul(reshape(output, outputs), target ?? 1)),
    [inputs, normal(outputs)],
    "measure",
  );
  const state = [...initialValues(net, new Random(2)), ...initialBuffers(net)];
  let [squares, chance] = [0, 0];
  const draws = 300;
  for (let i = 0; i < draws; i++) {
    const { layers } = await program.run(state, [inputs, normal(outputs)]);
    squares += (layers[0].removed ?? Number.NaN) ** 2 / draws;
    chance = layers[0].chance ?? Number.NaN;
  }
  expect(chance).toBeGreaterThan(0.5);
  expect(Math.sqrt(squares) / chance).toBeCloseTo(1, 1.7);
});
