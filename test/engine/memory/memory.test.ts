import { describe, expect, it } from "vitest";
import type { Graph } from "../../../src/engine/graph/graph.js";
import { lang, type TracedFunction } from "../../../src/engine/index.js";
import { optimize } from "../../../src/engine/lowering/lower.js";
import { OPTIMIZED } from "../../../src/engine/lowering/optimizations.js";
import { releasePromptly } from "../../../src/engine/lowering/passes/prompt-release.js";
import { trace } from "../../../src/engine/tracing/trace.js";
import { expectAsPlanned } from "../../support/engine/planned-as-run.js";
import { compiled, tensor } from "../../support/engine/programs.js";

const L = lang;
const KERNELS = [
  [32, 16, 1, 1],
  [32, 32, 3, 3],
  [32, 32, 1, 1],
  [32, 32, 3, 3],
];
const INPUTS = [
  tensor([16, 16, 32, 32], "float32", 1),
  ...KERNELS.map((shape, i) => tensor(shape, "float32", i + 2)),
];

/**
 * The gradient of layers of equal shape: buffers of the forward pass would fit the backward pass.
 */
const gradient: TracedFunction = (x, ...kernels) =>
  L.valueAndGrad((...w) => {
    const top = w.reduce((h, kernel) => {
      const border = kernel.shape[2] >> 1;
      const padding = [
        [border, border],
        [border, border],
      ] as const;
      const y = L.conv(h, kernel, { strides: [1, 1], padding, dilations: [1, 1], groups: 1 });
      const moment = (v: lang.Traced) => L.mean(v, [0, 2, 3], { keepdims: true });
      const centred = L.sub(y, moment(y));
      return L.relu(L.div(centred, L.sqrt(L.add(moment(L.square(centred)), 1e-5))));
    }, x);
    return { value: L.sum(L.square(top)), aux: [] };
  }, kernels).grads;

const graphs = [false, true].map((promptRelease) =>
  optimize(trace(gradient, INPUTS), { ...OPTIMIZED, promptRelease }),
) as [Graph, Graph];

it("ONNX Runtime executes and allocates as the memory plan assumes", () =>
  expectAsPlanned(graphs[1], INPUTS));

describe("The pass prompt release", () => {
  it("Every shape that a Reshape takes is hidden once", () => {
    const reshapes = ({ nodes }: Graph) => nodes.filter(({ op }) => op === "Reshape");
    const [before, after] = [reshapes(graphs[0]), reshapes(releasePromptly(graphs[0]))];
    const told = new Set(before.map(({ inputs }) => inputs[1]));
    const hiding = after.filter(({ inputs }) => told.has(inputs[0]));
    expect(hiding).toHaveLength(told.size);
    const hidden = new Set(hiding.map(({ outputs }) => outputs[0]));
    const others = after.filter((node) => !hiding.includes(node));
    expect(others.map(({ inputs }) => hidden.has(inputs[1]))).toEqual(before.map(() => true));
  });

  it("The number of axes is hidden too: no constant tells the length of a hidden shape", () => {
    const { constants, nodes } = releasePromptly(graphs[0]);
    const given = new Set(constants.map(({ value }) => value));
    const hidden = new Set(nodes.flatMap(({ op, inputs }) => (op === "Reshape" ? [inputs[1]] : [])));
    const hiding = nodes.filter(({ op, outputs }) => op === "Reshape" && hidden.has(outputs[0]));
    expect(hiding.length).toBeGreaterThan(0);
    for (const { inputs } of hiding) expect(given.has(inputs[1])).toBe(false);
  });

  it("The results stay the same, bit for bit", async () => {
    const run = (promptRelease: boolean) => compiled(gradient, INPUTS, { optimizations: { promptRelease } });
    const [before, after] = await Promise.all([run(false), run(true)]);
    before.forEach((result, i) => {
      expect(after[i].data).toEqual(result.data);
    });
  });

  it("Small graphs stay as they are", () => {
    const small = INPUTS.with(0, tensor([4, 16, 32, 32], "float32"));
    const { nodes } = optimize(trace(gradient, small), OPTIMIZED);
    expect(nodes.filter(({ op }) => op === "Identity")).toEqual([]);
  });
});
