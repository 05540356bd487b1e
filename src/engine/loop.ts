import { UserError } from "../base/errors.js";
import { allocate, setElements, showShape, type Tensor } from "../base/tensor.js";
import type { Program } from "./session.js";

/**
 * A program that runs again and again on its own state, such as a training step: the first inputs
 * of the program are the state, and its first outputs are the next state.
 *
 * The state is kept in two sets of tensors. Each step reads one set and writes the other. The
 * runtime reads and writes the tensors in place; onnxruntime-node also copies every result, and the
 * copy is dropped (docs/upstream.md).
 *
 * @example
 * ```ts
 * import { compile, Loop, lang } from "blindspot/engine";
 *
 * const scalar = (value: number) =>
 *   ({ dtype: "float32", shape: [], data: Float32Array.of(value) }) as const;
 * await using program = await compile((sum, x) => [lang.add(sum, x)], [scalar(0), scalar(0)]);
 * const loop = new Loop(program, [scalar(0)]);
 * for (const x of [1, 2, 3]) await loop.step([scalar(x)]);
 * console.log(loop.state[0].data[0]); // 6
 * ```
 */
export class Loop {
  private current: readonly Tensor[];
  private spare: readonly Tensor[];

  /**
   * @param program - Its first outputs have the shapes and element types of its first inputs.
   * @param state - The state to start from. It is copied.
   * @throws UserError where an output of the program differs from the state in shape or element
   * type.
   */
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
    this.current = state.map(copyOf);
    this.spare = state.map(copyOf);
  }

  /** The present state. The step after the next one overwrites these tensors. */
  get state(): readonly Tensor[] {
    return this.current;
  }

  /**
   * Runs the program once and replaces the state.
   *
   * @param inputs - The inputs of the program after the state.
   * @param program - Runs in place of the loop's own program. It takes and returns the same state.
   * @returns The outputs of the program after the state.
   * @throws UserError where the inputs do not fit the program.
   */
  async step(inputs: readonly Tensor[], program: Program = this.program): Promise<Tensor[]> {
    const results = await program.run([...this.current, ...inputs], this.spare);
    [this.current, this.spare] = [this.spare, this.current];
    return results.slice(this.current.length);
  }
}

function copyOf({ dtype, shape, data }: Tensor): Tensor {
  const copy = allocate(dtype, data.length);
  setElements(copy, data);
  return { dtype, shape, data: copy };
}
