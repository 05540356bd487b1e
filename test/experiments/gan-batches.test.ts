import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.js";
import { sizeOf, type Tensor } from "../../src/base/tensor.js";
import { adversarial } from "../../src/experiments/gan-batches/procedure.js";
import { MetricsFile } from "../../src/experiments/training/metrics.js";
import { Stepper } from "../../src/experiments/training/stepper.js";
import { supervised } from "../../src/experiments/training/supervised.js";
import { train } from "../../src/experiments/training/train.js";
import { discriminator, generator, sgd } from "../../src/nn/index.js";
import { binaryCrossEntropy } from "../../src/nn/losses.js";
import { smallGan } from "../support/experiments/small-gan.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const wave = (shape: readonly number[], phase: number, scale: number, mean = 0): Tensor => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => mean + Math.sin(0.7 * i + phase) * scale),
});

const sizes = { size: 8, channels: 1, width: 4, stages: 2, norm: "bn" } as const;
const networks = {
  generator: generator({ ...sizes, latent: 5 }),
  discriminator: discriminator(sizes).whole,
};
const gan = (arrangement: "separate" | "mixed") =>
  adversarial({ ...networks, optimizer: sgd({ rate: 0.05, momentum: 0.9 }), arrangement });

/**
 * The initial state, with parameters replaced by waves whose phases count through both networks.
 */
function given(procedure: ReturnType<typeof gan>): Tensor[] {
  let phase = 0;
  return procedure.initial(new Random(0)).map((tensor, i) => {
    const name = procedure.names[i];
    if (!name.includes("parameter.")) return tensor;
    phase++;
    if (tensor.shape.length > 1) return wave(tensor.shape, phase, 0.3);
    return name.endsWith("weight") ? wave(tensor.shape, phase, 0.1, 1) : wave(tensor.shape, phase, 0.05);
  });
}

const batchOf = (step: number) => [wave([6, 1, 8, 8], 20 + step, 0.8), wave([6, 5, 1, 1], 40 + step, 1)];

/**
 * From PyTorch 1.13 in float64 with the same networks and weights, in the form of its DCGAN
 * example.
 */
const pytorch = {
  separate: {
    losses: [
      [1.281312, 0.714313],
      [1.133308, 0.879502],
      [1.001615, 1.030385],
      [1.091625, 0.787762],
      [1.187539, 0.589666],
      [1.503935, 0.462234],
    ],
    "discriminator.buffer.norm2.running_mean": [-0.02059, 0.06593, 0.07616, 0.07055, -0.01015, -0.053],
    "generator.buffer.norm1.running_var": [0.54342, 0.54383, 0.54308, 0.54169, 0.54123, 0.543],
    "discriminator.parameter.norm2.weight": [1.01983, 0.8989, 0.9202, 0.96919, 1.02165, 1.08107],
    "generator.parameter.deconv3.weight": [0.22821, 0.29493, 0.27769, 0.08215, -0.15604, -0.30444],
  },
  mixed: {
    losses: [
      [1.511668, 0.846081],
      [1.220082, 1.298806],
      [1.178926, 1.623965],
      [1.306682, 1.212935],
      [1.76073, 1.163451],
      [1.515794, 2.472081],
    ],
    "discriminator.buffer.norm2.running_mean": [-0.05332, 0.01054, 0.04033, 0.04365, 0.07635, 0.00629],
    "generator.buffer.norm1.running_var": [0.54692, 0.54392, 0.54622, 0.54367, 0.54493, 0.54361],
    "discriminator.parameter.norm2.weight": [0.88222, 0.92582, 1.00801, 0.89138, 1.07767, 1.00663],
    "generator.parameter.deconv3.weight": [0.25012, 0.3258, 0.29957, 0.10805, -0.1865, -0.34426],
  },
} as const;

describe.each(["separate", "mixed"] as const)("GANs with %s batches", (arrangement) => {
  const procedure = gan(arrangement);

  it("Each step equals the step of PyTorch", async () => {
    const { losses, ...tensors } = pytorch[arrangement];
    await using stepper = await Stepper.compile(procedure, given(procedure), batchOf(0));
    for (const [step, [judge, maker]] of losses.entries()) {
      const made = await stepper.step(step + 1, batchOf(step));
      expect(made.losses["loss/discriminator"]).toBeCloseTo(judge, 3);
      expect(made.losses["loss/generator"]).toBeCloseTo(maker, 3);
    }
    for (const [name, values] of Object.entries(tensors)) {
      const { data } = stepper.state[procedure.names.indexOf(name)];
      for (const [i, value] of values.entries()) expect(data[i]).toBeCloseTo(value, 3);
    }
  });

  it("A recorded step changes the state as a plain step does, bit for bit", async () => {
    await using plain = await Stepper.compile(procedure, given(procedure), batchOf(0));
    await using recorded = await Stepper.compile(procedure, given(procedure), batchOf(0));
    for (let step = 0; step < 3; step++) {
      const a = await plain.step(step + 1, batchOf(step));
      const b = await recorded.step(step + 1, batchOf(step), () => true);
      expect(b.losses).toEqual(a.losses);
    }
    expect(recorded.state).toEqual(plain.state);
  });
});

describe("what the discriminator's norms block", () => {
  const inputs = batchOf(0);
  const judge = (target: number) =>
    supervised({
      network: networks.discriminator,
      optimizer: sgd({ rate: 0.05, momentum: 0.9 }),
      loss: (logits) => binaryCrossEntropy(logits, target),
    });
  const recordOf = async (arrangement: "separate" | "mixed") => {
    const procedure = gan(arrangement);
    await using stepper = await Stepper.compile(procedure, given(procedure), inputs);
    return (await stepper.step(1, inputs, () => true)).recording;
  };

  it("The record of real images equals that of a discriminator which learns from them alone", async () => {
    const procedure = gan("separate");
    const state = given(procedure).slice(procedure.names.findIndex((n) => n.startsWith("discriminator")));
    const alone = judge(1);
    await using stepper = await Stepper.compile(alone, state, [inputs[0]]);
    const { recording } = await stepper.step(1, [inputs[0]], () => true);
    const both = await recordOf("separate");
    for (const key of ["blocked", "first", "diag", "removed", "kept"])
      expect(both[`${key}/norm2 (real)`]).toBeCloseTo(recording[`${key}/norm2`], 4);
    expect(Object.keys(both)).toHaveLength(10);
  });

  it("Mixed batches record each layer once", async () => {
    expect(Object.keys(await recordOf("mixed"))).toEqual([
      "blocked/norm2",
      "first/norm2",
      "diag/norm2",
      "removed/norm2",
      "kept/norm2",
    ]);
  });
});

describe("a run of a GAN", () => {
  const folder = temporaryFolder();

  it("A run that was killed and resumed gives the same bits, and every metric and event once", async () => {
    const run = await smallGan();
    const whole = await train(run, { folder: folder.path("whole") });

    const script = fileURLToPath(new URL("../support/experiments/run-small-gan.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script, folder.path("killed")], {
      stdio: "inherit",
    });
    const exited = once(child, "exit");
    const path = folder.path("killed/metrics.jsonl");
    const arrived = () => existsSync(path) && new MetricsFile(path).read().some(({ step }) => step >= 10);
    while (!arrived() && child.exitCode === null) await new Promise((done) => setTimeout(done, 10));
    child.kill("SIGKILL");
    expect((await exited)[1]).toBe("SIGKILL");

    const resumed = await train(run, { folder: folder.path("killed"), resume: true });
    const file = (name: string, of: string) => readFileSync(folder.path(`${name}/${of}`));
    expect(file("killed", "checkpoint.safetensors").equals(file("whole", "checkpoint.safetensors"))).toBe(
      true,
    );
    const trained = (metrics: typeof whole.metrics) =>
      metrics.filter(({ step }) => step > 0).map(({ waited, ...rest }) => rest);
    expect(trained(resumed.metrics)).toEqual(trained(whole.metrics));
    expect(stepsOf(file("killed", "events.out.tfevents.blindspot")).filter((step) => step > 0)).toEqual(
      Array.from({ length: run.steps }, (_, i) => i + 1),
    );
  });
});

describe("the networks", () => {
  it("The networks have as many parameters as those of PyTorch's DCGAN example", () => {
    const large = { size: 64, channels: 3, width: 64, stages: 4, norm: "bn" } as const;
    const count = ({ parameters }: { parameters: readonly { shape: readonly number[] }[] }) =>
      parameters.reduce((total, { shape }) => total + sizeOf(shape), 0);
    expect(count(discriminator(large).whole)).toBe(2_765_568);
    expect(count(generator({ ...large, latent: 100 }))).toBe(3_576_704);
  });

  it("Images that cannot be halved in every stage are refused", async () => {
    await expectUserError(
      async () => discriminator({ ...sizes, size: 28, stages: 3 }),
      "GAN of 3 stages",
      /multiple of 8, got 28/,
    );
  });
});

/** The steps of the records of an event file, in order. An event without field 2 has step 0. */
function stepsOf(file: Buffer): number[] {
  const steps: number[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    // Field 1, a double of nine bytes with its tag, comes first.
    steps.push(data[9] === 0x10 ? data[10] : 0);
    at += 16 + length;
  }
  return steps;
}
