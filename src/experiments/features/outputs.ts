import type { Tensor } from "../../base/tensor.js";
import { batchOf, type Split } from "../../datasets/index.js";
import type { Traced } from "../../engine/index.js";
import { reshape } from "../../engine/lang/index.js";
import type { Network } from "../../nn/network.js";
import { compileKept } from "../compile-kept.js";
import type { Features } from "./geometry.js";

/** Images that the networks evaluate at once. */
const CHUNK = 500;

/** Evaluates networks on many images. */
export interface Outputs extends AsyncDisposable {
  /**
   * The outputs of each network for all images. `state` starts with the parameters and buffers of
   * the networks.
   */
  of(state: readonly Tensor[], split: Split): Promise<Features[]>;
}

/**
 * Compiles networks in evaluation mode. Outputs are flattened to [N, D].
 *
 * @param networks networks that share one list of parameters and buffers.
 * @param shape shape of an image.
 * @param prepare turns pixels 0…1 into the inputs of the networks. Default: leaves them as they
 * are.
 */
export async function outputsOf(
  networks: readonly Pick<Network, "parameters" | "buffers" | "evaluate">[],
  shape: readonly number[],
  prepare: (images: Traced) => Traced = (images) => images,
): Promise<Outputs> {
  const { parameters, buffers } = networks[0];
  const used = [...parameters, ...buffers].map(({ shape }) => ({ shape, dtype: "float32" }) as const);
  const program = await compileKept(
    (...args) => {
      const values = args.slice(0, parameters.length);
      const statistics = args.slice(parameters.length, used.length);
      const x = prepare(args[used.length]);
      return networks.map((network) => {
        const output = network.evaluate(values, statistics, x);
        return reshape(output, [CHUNK, output.size / CHUNK]);
      });
    },
    [...used, { shape: [CHUNK, ...shape], dtype: "float32" }],
  );
  return {
    of: async (state, { images, labels }) => {
      const count = labels.length;
      const collected = program.outputs.map(({ shape }): Features => {
        const width = shape[1];
        return { width, data: new Float32Array(count * width) };
      });
      for (let start = 0; start < count; start += CHUNK) {
        // Copies of the first image fill the last chunk. Their outputs are dropped.
        const indices = Array.from({ length: CHUNK }, (_, i) => (start + i < count ? start + i : start));
        const x = batchOf({ images, labels }, shape, indices).images;
        const values = await program.run([...state.slice(0, used.length), x]);
        const kept = Math.min(CHUNK, count - start);
        for (const [i, { data, width }] of collected.entries())
          data.set((values[i].data as Float32Array).subarray(0, kept * width), start * width);
      }
      return collected;
    },
    [Symbol.asyncDispose]: () => program.dispose(),
  };
}
