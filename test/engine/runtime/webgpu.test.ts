import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../../src/base/errors.js";
import { Random } from "../../../src/base/random.js";
import { sizeOf, type Tensor } from "../../../src/base/tensor.js";
import { compile, lang, type Program, type Traced, type TracedFunction } from "../../../src/engine/index.js";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { numpy as np } from "../../../src/engine/tracing/jax.js";
import { crossEntropy } from "../../../src/nn/losses.js";
import { vgg } from "../../../src/nn/models/index.js";
import { initialValues } from "../../../src/nn/network.js";
import { expectClose, tensor } from "../../support/engine/programs.js";

const L = lang;

/** Chromium's software Vulkan, for machines without a graphics driver. */
const SOFTWARE = ["/usr/lib/chromium/vk_swiftshader_icd.json"].find((path) => existsSync(path));
if (SOFTWARE !== undefined) process.env.VK_ICD_FILENAMES ??= SOFTWARE;
// The Vulkan loader warns where this variable is not set.
process.env.XDG_RUNTIME_DIR ??= tmpdir();

/** Why WebGPU is not available here; null where it is. */
const missing = await compile((x) => [L.neg(x)], [tensor([2], "float32")], { device: "webgpu" }).then(
  async (program) => {
    await program.dispose();
    return null;
  },
  (error: unknown) => {
    if (error instanceof UserError && error.message.startsWith("device webgpu: not available"))
      return error.message;
    throw error;
  },
);

describe.skipIf(missing !== null)(`WebGPU${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "blindspot-webgpu-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("A training step of VGG-11 on WebGPU agrees with the CPU, and every node runs on the device", async () => {
    const { fn, args, count } = step();
    const run = async (options: Parameters<typeof compile>[2]) => {
      await using program: Program = await compile(fn, args, options);
      const results = await program.run(args);
      if (options?.profile) program.endProfiling();
      return results;
    };
    const expected = await run({});
    const actual = await run({ device: "webgpu", profile: join(folder, "run") });
    // Some parameters before normalizations have gradients of rounding only, so the scale is the
    // largest tensor of the kind.
    for (let kind = 0; kind < 4; kind++) {
      const of = (tensors: readonly Tensor[]) => tensors.slice(kind * count, (kind + 1) * count);
      const largest = Math.max(...of(expected).map(({ data }) => length(data)));
      of(expected).forEach(({ data }, i) => {
        const other = of(actual)[i].data;
        expect(length(data.map((x, j) => x - other[j]))).toBeLessThan(
          1e-4 * Math.max(length(data), 0.01 * largest),
        );
      });
    }
    expect(providers()).toEqual(["WebGpuExecutionProvider"]);
  });

  it("Operators without WebGPU kernels run on the CPU: float64, comparisons of whole numbers, sorting", async () => {
    const fn: TracedFunction = (x, n) => [
      L.tanh(x),
      np.sort(borrow(x)) as Traced,
      L.where(L.less(n, 1), n, L.mul(n, n)),
      L.cast(L.equal(n, 2), "float32"),
    ];
    const inputs = [tensor([4, 5]), tensor([4, 5], "int32", 2)];
    await using onDevice = await compile(fn, inputs, { device: "webgpu" });
    await using onProcessor = await compile(fn, inputs);
    expectClose(await onDevice.run(inputs), await onProcessor.run(inputs));
  });

  function providers(): string[] {
    const file = readdirSync(folder).find((name) => name.endsWith(".json"))!;
    const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      readonly cat: string;
      readonly args: { readonly provider?: string };
    }[];
    return [
      ...new Set(events.flatMap(({ cat, args }) => (cat === "Node" && args.provider ? [args.provider] : []))),
    ];
  }
});

const length = (data: Tensor["data"]): number =>
  Math.sqrt((data as Float32Array).reduce((sum, x) => sum + x * x, 0));

/**
 * A step of SGD with momentum on a narrow VGG-11. Returns next parameters, velocities, gradients
 * and H · velocities.
 */
function step(): { fn: TracedFunction; args: Tensor[]; count: number } {
  const net = vgg({ depth: 11, norm: "bn", width: 4 });
  const random = new Random(1);
  const noise = (shape: readonly number[]): Tensor => ({
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  });
  const parameters = initialValues(net, random);
  const count = parameters.length;
  const labels: Tensor = { dtype: "int32", shape: [4], data: Int32Array.of(1, 5, 5, 9) };
  const args = [...parameters, ...parameters.map(({ shape }) => noise(shape)), noise([4, 3, 32, 32]), labels];
  const fn: TracedFunction = (...all) => {
    const [values, velocities] = [all.slice(0, count), all.slice(count, 2 * count)];
    const [x, target] = all.slice(2 * count) as [Traced, Traced];
    const gradients: TracedFunction = (...at) =>
      L.valueAndGrad((...p) => ({ value: crossEntropy(net.forward(p, x), target), aux: [] }), at).grads;
    const { out, tangent } = L.jvp(gradients, values, velocities);
    const next = velocities.map((v, i) => L.add(L.mul(v, 0.9), out[i]));
    return [...values.map((p, i) => L.sub(p, L.mul(next[i], 0.01))), ...next, ...out, ...tangent];
  };
  return { fn, args, count };
}
