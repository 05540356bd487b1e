import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type AuditModelOptions, auditModel } from "../../src/audit/index.js";
import { float, modelBytes } from "../support/onnx/build.js";
import { expectUserError } from "../support/user-error.js";

/**
 * Models made after public bug reports. Their `expected.json` has what is right: values that
 * PyTorch measured in float64, or a behaviour in words.
 */
const file = (path: string) => `test/fixtures/field/${path}`;

interface Trial {
  readonly model: string;
  readonly data: string;
  readonly loss?: AuditModelOptions["loss"];
  readonly blocked_all?: readonly number[];
  readonly blocked?: Readonly<Record<string, number>>;
  readonly blocked_per_call?: Readonly<Record<string, readonly number[]>>;
  readonly loss_value?: number;
  /** Operator that the report names, and the length of its list of channels, samples or groups. */
  readonly kind?: string;
  readonly groupedBy?: string;
  readonly count?: number;
}

const trials = (folder: string): Trial[] =>
  JSON.parse(readFileSync(file(`${folder}/expected.json`), "utf8")) as Trial[];

/** Audits a trial in float64. */
const audit = (
  folder: string,
  { model, data, loss }: Pick<Trial, "model" | "data" | "loss">,
  options: Partial<AuditModelOptions> = {},
) =>
  auditModel(file(`${folder}/${model}`), {
    data: file(`${folder}/${data}`),
    loss,
    precision: "float64",
    ...options,
  });

describe("a model exported for another batch size", () => {
  it.each([
    ["logits", "logits", 2],
    ["model", "batch", 1],
  ])("%s.onnx refuses 8 samples and names its size", async (model, data, size) => {
    const trial = { model: `${model}.onnx`, data: `${data}.npz` };
    await expectUserError(
      () => audit("fixed-batch-export", trial),
      file(`fixed-batch-export/${trial.model}`),
      new RegExp(`expected a batch of ${size}, .*, got 8: `),
    );
  });
});

/** Layers whose shares PyTorch measured, by folder; each trial of the folder has its values. */
const measured: readonly (readonly [string, Partial<AuditModelOptions>?])[] = [
  ["segmentation"],
  ["frozen-bn-mixed-modes"],
  ["weight-standardization"],
  ["folded-batch"],
  ["hand-written-bn"],
  ["opset6-broadcast-axis"],
  ["dynamo-training-buffers-as-outputs"],
];

describe("a model of the field against PyTorch", () => {
  for (const [folder, options] of measured)
    for (const trial of trials(folder).filter((t) => t.blocked_all ?? t.blocked))
      it(`${folder}/${trial.model} with ${trial.data} has PyTorch's blocked shares`, async () => {
        const { layers, loss } = await audit(folder, trial, options);
        const shares = new Map(layers.map(({ name, shares }) => [name, shares.blocked]));
        const expected = trial.blocked ?? trial.blocked_all ?? {};
        if (trial.blocked_all) expect(layers).toHaveLength(trial.blocked_all.length);
        for (const [layer, share] of Object.entries(expected)) {
          const got = trial.blocked ? shares.get(layer) : layers[Number(layer)].shares.blocked;
          // expected.json has six digits.
          expect(Math.abs((got ?? Number.NaN) / share - 1), `layer ${layer}: ${got}`).toBeLessThan(1e-5);
        }
        if (trial.loss_value !== undefined) expect(loss.value).toBeCloseTo(trial.loss_value, 4);
      });
});

describe("a batch of one picture", () => {
  it("is measured with a note", async () => {
    const { warnings } = await audit("segmentation", { model: "model.onnx", data: "one.npz" });
    expect(warnings).toEqual([expect.stringMatching(/^the batch has 1 sample: 2 layer\(s\) take their/)]);
  });
});

describe("a batch normalization whose first axis does not hold the samples", () => {
  it.each(trials("folded-batch"))(
    "is named $kind, per $groupedBy",
    async ({ kind, groupedBy, count, ...trial }) => {
      const { layers, warnings } = await audit("folded-batch", trial);
      expect(layers.map((layer) => [layer.op, layer.groupedBy, layer.channelCount])).toEqual([
        [kind, groupedBy, count],
      ]);
      expect(layers[0].identityResidual).toBeLessThan(1e-10);
      expect(warnings).toEqual([]);
    },
  );

  it("is no layer where it standardizes a weight, and the report names it", async () => {
    const { layers, warnings } = await audit("weight-standardization", {
      model: "model.onnx",
      data: "batch.npz",
    });
    expect(layers.map(({ name }) => name)).toEqual(["g1", "bn"]);
    expect(warnings).toEqual([
      expect.stringMatching(/^2 normalization\(s\) of a weight .* not measured: c1, c2$/),
    ]);
  });
});

describe("batch normalizations by hand", () => {
  it.each(trials("hand-written-bn"))(
    "$model is one layer with its γ and β, and nothing is left over",
    async (trial) => {
      const { layers, warnings } = await audit("hand-written-bn", trial);
      expect(layers.map(({ name, op }) => [name, op])).toEqual([["n.g", "BatchNormalization (decomposed)"]]);
      expect(layers[0].identityResidual).toBeLessThan(1e-10);
      expect(layers[0].affine).not.toBeNull();
      expect(warnings).toEqual([]);
    },
  );

  it("stand beside those of the operator", async () => {
    const trial = { model: "model.onnx", data: "batch.npz" };
    const { layers } = await audit("hand-written-beside-nn-batchnorm", trial);
    expect(layers.map(({ name }) => name)).toEqual(["bn", "g"]);
  });
});

describe("layers in model-local functions", () => {
  it.each(["model.onnx", "act-fn.onnx"])(
    "are those of the same graph without functions: %s",
    async (model) => {
      const { layers } = await audit("onnx-local-function", { model, data: "batch.npz" });
      expect(layers.map(({ name, mode }) => [name, mode])).toEqual([["bn", "training"]]);
      // The value of the same network without functions, from PyTorch.
      const [{ blocked_all: [share] = [] }] = trials("dynamo-training-buffers-as-outputs");
      expect(layers[0].shares.blocked).toBeCloseTo(share, 6);
    },
  );
});

describe("a loss with a stopped gradient", () => {
  it("has the values of PyTorch's detach where the detached value is named", async () => {
    const simsiam = { model: "model.onnx", data: "batch.npz", loss: "output" } as const;
    const { layers } = await audit("stop-gradient-simsiam", simsiam, {
      stopGradient: ["/Div_1_output_0", "/Div_3_output_0"],
    });
    const [{ blocked_per_call: expected = {} }] = trials("stop-gradient-simsiam");
    for (const [name, shares] of Object.entries(expected)) {
      const got = layers.filter((layer) => layer.name.replace(/#2$/, "") === name);
      expect(got.map(({ shares }) => shares.blocked)).toEqual(
        shares.map((share) => expect.closeTo(share, 6)),
      );
    }
  });

  it("can be stopped for one reader alone, and straight-through estimators are warned of", async () => {
    const vqvae = { model: "model.onnx", data: "batch.npz", loss: "mse" } as const;
    for (const value of ["/Sub_1_output_0", "/Sub_1_output_0>/Add", "/Sub_1_*"]) {
      const { layers, warnings } = await audit("stop-gradient-vqvae", vqvae, { stopGradient: [value] });
      expect(layers.map(({ shares }) => shares.blocked)).toEqual([
        expect.closeTo(0.0375648, 6),
        expect.closeTo(0.279761, 6),
      ]);
      expect(warnings).toEqual([]);
    }
    const { warnings } = await audit("stop-gradient-vqvae", vqvae);
    expect(warnings).toContainEqual(
      expect.stringMatching(/computes z \+ \(q − z\): .* --stop-gradient '\/Sub_1_output_0'/),
    );
  });

  it("must name a value", async () => {
    const vqvae = { model: "model.onnx", data: "batch.npz" };
    await expectUserError(
      () => audit("stop-gradient-vqvae", vqvae, { stopGradient: ["nope"] }),
      file("stop-gradient-vqvae/model.onnx"),
      /--stop-gradient: expected the name of a value between input and loss, got 'nope'/,
    );
  });
});

describe("a model with several outputs", () => {
  const aux = { model: "aux-first.onnx", data: "batch.npz", loss: "cross-entropy" } as const;

  it("says which one the loss looks at", async () => {
    const { loss, warnings, layers } = await audit("multiple-outputs", aux);
    expect(loss.description).toMatch(/"aux"/);
    expect(warnings).toEqual([expect.stringMatching(/^the model has 2 outputs, .* "aux" alone: .*logits$/)]);
    expect(layers[1].energy.total).toBe(0);
  });

  it("looks at the output that the user names", async () => {
    const { loss, warnings, layers } = await audit("multiple-outputs", aux, { modelOutput: "logits" });
    expect(loss.description).toMatch(/"logits"/);
    expect(warnings).toEqual([]);
    expect(layers.every(({ energy }) => energy.total > 0)).toBe(true);
  });

  it("takes no output that the user misspells, and sums no logits", async () => {
    const path = file("multiple-outputs/aux-first.onnx");
    await expectUserError(
      () => audit("multiple-outputs", aux, { modelOutput: "logit" }),
      path,
      /--model-output: expected an output of the model, got 'logit'; the outputs are aux, logits/,
    );
    await expectUserError(
      () => audit("multiple-outputs", aux, { modelOutput: ["aux", "logits"] }),
      path,
      /expected one number from each of several outputs/,
    );
  });

  it("sums outputs that are losses", async () => {
    const node = (op: string, input: string, output: string) => ({
      op,
      inputs: [input],
      outputs: [output],
      attributes: { keepdims: 0 },
    });
    const bytes = modelBytes(
      {
        nodes: [
          { op: "InstanceNormalization", inputs: ["x", "g", "b"], outputs: ["z"] },
          { op: "Mul", inputs: ["z", "x"], outputs: ["m"] },
          node("ReduceMax", "m", "first"),
          node("ReduceMin", "m", "second"),
        ],
        inputs: { x: { shape: ["N", 1, 4] } },
        initializers: { g: float([1], [1]), b: float([1], [0.5]) },
        outputs: ["first", "second"],
      },
      17,
    );
    const data = { x: { dtype: "float32", shape: [1, 1, 4], data: Float32Array.of(1, 2, 4, -1) } } as const;
    const value = async (modelOutput: string | string[]) => {
      const { loss } = await auditModel(bytes, { data, loss: "output", modelOutput, precision: "float64" });
      return loss.value ?? Number.NaN;
    };
    const sum = (await value("first")) + (await value("second"));
    expect(await value(["first", "second"])).toBeCloseTo(sum, 10);
  });
});

describe("old operator sets", () => {
  it("run batch normalization in training mode unless is_test is set, below opset 7", async () => {
    const { layers } = await audit("opset6-broadcast-axis", { model: "model.onnx", data: "batch.npz" });
    expect(layers.map(({ name, mode }) => [name, mode])).toEqual([["s", "training"]]);
  });

  it("with spatial=0, each position of a batch normalization is a group of its own", async () => {
    const shape = [4, 2, 3];
    const per = (value: number) => float([2, 3], new Array(6).fill(value));
    const bytes = modelBytes(
      {
        nodes: [
          {
            op: "BatchNormalization",
            inputs: ["x", "g", "b", "m", "v"],
            outputs: ["z"],
            attributes: { spatial: 0 },
          },
          { op: "Mul", inputs: ["z", "z"], outputs: ["q"] },
          { op: "Mul", inputs: ["q", "k"], outputs: ["w"] },
          { op: "ReduceSum", inputs: ["w"], outputs: ["loss"], attributes: { keepdims: 0 } },
        ],
        inputs: { x: { shape: ["N", 2, 3] } },
        initializers: {
          g: per(2),
          b: per(1),
          m: per(0),
          v: per(1),
          k: float(
            shape,
            Array.from({ length: 24 }, (_, i) => Math.sin(i)),
          ),
        },
        outputs: ["loss"],
      },
      8,
    );
    const x = {
      dtype: "float32",
      shape,
      data: Float32Array.from({ length: 24 }, (_, i) => Math.cos(3 * i)),
    } as const;
    const { layers } = await auditModel(bytes, { data: { x }, loss: "output", precision: "float64" });
    expect([layers[0].elements, layers[0].channelCount]).toEqual([4, 6]);
    expect(layers[0].identityResidual).toBeLessThan(1e-10);
  });

  it("that are newer than blindspot are a warning", async () => {
    const bytes = modelBytes(
      {
        nodes: [
          { op: "InstanceNormalization", inputs: ["x", "g", "g"], outputs: ["z"] },
          { op: "ReduceMax", inputs: ["z"], outputs: ["loss"], attributes: { keepdims: 0 } },
        ],
        inputs: { x: { shape: ["N", 1, 4] } },
        initializers: { g: float([1], [1]) },
        outputs: ["loss"],
      },
      99,
    );
    const data = { x: { dtype: "float32", shape: [1, 1, 4], data: Float32Array.of(1, 2, 4, -1) } } as const;
    const { warnings } = await auditModel(bytes, { data, loss: "output" });
    expect(warnings).toContainEqual(expect.stringMatching(/^the model has opset 99, newer than/));
  });
});

describe("labels that fit two axes of the output", () => {
  const square = { model: "L5C5.onnx", data: "L5C5.npz", loss: "cross-entropy" } as const;

  it("are read along the axis that a warning names", async () => {
    const { warnings } = await audit("class-axis", square);
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /could lie along axis 1 or 2: axis 1 is taken; give --class-axis -1 for the other/,
      ),
    );
  });

  it("are read along the axis that the user names", async () => {
    for (const classAxis of [-1, 2]) {
      const { layers, loss, warnings } = await audit("class-axis", square, { classAxis });
      expect(layers[0].shares.blocked).toBeCloseTo(0.0636847, 6);
      expect(loss.value).toBeCloseTo(1.64179, 5);
      expect(warnings).toEqual([]);
    }
    await expectUserError(
      () => audit("class-axis", square, { classAxis: 0 }),
      file("class-axis/L5C5.npz"),
      /--class-axis: expected an axis of the output .* got 0; axis 1 or 2 fits/,
    );
  });
});

describe("frozen layers", () => {
  const mixed = { model: "model.onnx", data: "batch.npz" };

  it("are those in evaluation mode beside others in training mode: they block nothing, and the report says so", async () => {
    const { layers, warnings } = await audit("frozen-bn-mixed-modes", mixed);
    const [frozen, training] = layers;
    expect([frozen.name, frozen.mode, training.mode]).toEqual(["bn1", "frozen", "training"]);
    expect(frozen.shares).toEqual({ blocked: 0, first: 0, diag: 0, chance: 0 });
    expect([frozen.weights?.removed, frozen.weights?.kept, frozen.leak]).toEqual([0, 1, null]);
    expect(frozen.identityResidual).toBeLessThan(1e-10);
    expect(frozen.verdict).toBe("clear");
    expect(warnings).toEqual([expect.stringMatching(/^1 layer\(s\) are frozen, bn1: .* block nothing$/)]);
  });

  it("keep their stored statistics where they are not measured", async () => {
    const { layers } = await audit("frozen-bn-mixed-modes", mixed, { layers: "bn2" });
    expect(layers.map(({ name }) => name)).toEqual(["bn2"]);
    expect(layers[0].shares.blocked).toBeCloseTo(0.195496, 5);
  });

  it("have the same numbers in float32, where large layers are summed in the graph", async () => {
    const { layers } = await audit("frozen-bn-mixed-modes", mixed, { precision: "float32" });
    expect(layers[1].shares.blocked).toBeCloseTo(0.195496, 5);
  });

  it("can be chosen in a file of one mode, and the loss then is that of evaluation mode", async () => {
    const evaluation = { model: "../zoo/resnet-eval/model.onnx", data: "../zoo/resnet-eval/batch.npz" };
    const [frozen, batch] = await Promise.all([
      audit(".", evaluation, { frozen: ["*"] }),
      audit(".", evaluation),
    ]);
    expect(frozen.layers.every(({ mode, shares }) => mode === "frozen" && shares.blocked === 0)).toBe(true);
    expect(frozen.loss.value).not.toBeCloseTo(batch.loss.value ?? 0, 3);
    expect(batch.warnings).toContainEqual(
      expect.stringMatching(/^the file has \d+ batch normalization\(s\) in evaluation mode: .*--frozen/),
    );
  });

  it("cannot be expanded into Taylor terms", async () => {
    await expectUserError(
      () => audit("frozen-bn-mixed-modes", mixed, { taylor: { layer: "bn1" } }),
      file("frozen-bn-mixed-modes/model.onnx"),
      /--taylor: expected a layer with the statistics of the batch, got bn1/,
    );
  });

  it("must match a layer, and have stored statistics", async () => {
    const layernorm = { model: "../zoo/layernorm/model.onnx", data: "../zoo/layernorm/batch.npz" };
    await expectUserError(
      () => audit("frozen-bn-mixed-modes", mixed, { frozen: ["nope*"] }),
      file("frozen-bn-mixed-modes/model.onnx"),
      /--frozen: expected a pattern that matches a layer, got 'nope\*'; the layers are bn1, bn2/,
    );
    await expectUserError(
      () => audit(".", layernorm, { frozen: ["*"] }),
      file("./../zoo/layernorm/model.onnx"),
      /--frozen: expected layers with stored statistics/,
    );
  });
});
