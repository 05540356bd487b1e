import { UserError } from "../base/errors.js";
import { allocate, showShape, type Tensor } from "../base/tensor.js";
import type { Program } from "./session.js";

/**
 * A program run again and again on state of its own, as a training step is: its first inputs are the state and its first
 * outputs the next one. State is kept in two sets of tensors, one read and one written in turn. The runtime reads
 * and writes them where they are; onnxruntime-node also makes a copy of every result, which is dropped (docs/upstream.md).
 */
export class Loop {
  private current: readonly Tensor[];
  private spare: readonly Tensor[];

  /** The loop that starts from `state`, which it copies. Throws where the program does not give back what it takes. */
  constructor(
    private readonly program: Program,
    state: readonly Tensor[],
  ) {
    state.forEach(({ dtype, shape }, i) => {
      const next = program.outputs[i];
      if (next?.dtype !== dtype || `${next.shape}` !== `${shape}`)
        throw new UserError(
          `loop: output ${i} should be the next state, expected ${dtype} ${showShape(shape)}, got ${
            next === undefined ? "none" : `${next.dtype} ${showShape(next.shape)}`
          }`,
        );
    });
    const copy = (fill: boolean) =>
      state.map(({ dtype, shape, data }) => {
        const own = allocate(dtype, data.length);
        if (fill) own.set(data as never);
        return { dtype, shape, data: own };
      });
    this.current = copy(true);
    this.spare = copy(false);
  }

  /** The state now. Its tensors are written again by the step after the next one. */
  get state(): readonly Tensor[] {
    return this.current;
  }

  /**
   * Runs once on the state and `inputs`; returns the outputs that are not state. `program` does instead of the loop's
   * own: one that takes and gives the same state.
   */
  async step(inputs: readonly Tensor[], program: Program = this.program): Promise<Tensor[]> {
    const results = await program.run([...this.current, ...inputs], this.spare);
    [this.current, this.spare] = [this.spare, this.current];
    return results.slice(this.current.length);
  }
}
