import { UserError } from "../base/errors.js";
import type { Tensor, TensorSpec } from "../base/tensor.js";
import { type CompileOptions, compile } from "./compile.js";
import type { TracedFunction } from "./lang/autodiff.js";
import type { Program } from "./session.js";

/** A caller's key holds for one shape at most; graphs are found by what tracing gives. */
export interface CompileForOptions extends Omit<CompileOptions, "key"> {
  /** Programs held at once; beyond it the one that was not run for longest is disposed. Default 4. */
  readonly programs?: number;
}

interface Held {
  readonly program: Promise<Program>;
  runs: number;
}

/**
 * A function as a program for inputs of any shapes and element types: it is compiled for those of the inputs it is run on when
 * they are seen first. Graphs have fixed shapes, so these are several programs, of which the last used ones are held;
 * with a `cache` one that comes back is lowered only once. Holds memory outside JavaScript until disposed.
 */
export class ProgramFor implements AsyncDisposable {
  /** By shapes and element types, the one that was run last at the end. */
  readonly #held = new Map<string, Held>();
  readonly #fn: TracedFunction;
  readonly #options: CompileForOptions;
  readonly #most: number;
  #running: Promise<unknown> = Promise.resolve();
  #disposal?: Promise<void>;

  constructor(fn: TracedFunction, options: CompileForOptions = {}) {
    const { programs = 4 } = options;
    if (!Number.isInteger(programs) || programs < 1)
      throw new UserError(`compileFor: programs: expected a whole number from 1 on, got ${programs}`);
    this.#fn = fn;
    this.#options = options;
    this.#most = programs;
  }

  /**
   * Results for these inputs, as of `Program.run`. Programs beyond the number that is held have given their memory back
   * when it returns, but for those that are being run.
   */
  run(inputs: readonly Tensor[], into?: readonly (Tensor | undefined)[]): Promise<Tensor[]> {
    if (this.#disposal !== undefined)
      return Promise.reject(new UserError("program: run after dispose; compile it again"));
    const running = this.#run(inputs, into);
    this.#running = Promise.allSettled([this.#running, running]);
    return running;
  }

  async #run(inputs: readonly Tensor[], into?: readonly (Tensor | undefined)[]): Promise<Tensor[]> {
    const key = JSON.stringify(inputs.map(({ dtype, shape }) => [dtype, shape]));
    const held = this.#held.get(key) ?? { program: this.#compile(inputs), runs: 0 };
    this.#held.delete(key);
    this.#held.set(key, held);
    held.runs++;
    try {
      const program = await held.program.catch((error: unknown) => {
        // What could not be made is not held: the next run tries again.
        if (this.#held.get(key) === held) this.#held.delete(key);
        throw error;
      });
      return await program.run(inputs, into);
    } finally {
      held.runs--;
      await this.#trim();
    }
  }

  #compile(inputs: readonly Tensor[]): Promise<Program> {
    const specs = inputs.map(({ dtype, shape }): TensorSpec => ({ dtype, shape }));
    return compile(this.#fn, specs, this.#options);
  }

  async #trim(): Promise<void> {
    const idle = [...this.#held].filter(([, { runs }]) => runs === 0);
    const dropped = idle.slice(0, Math.max(0, this.#held.size - this.#most));
    for (const [key] of dropped) this.#held.delete(key);
    for (const [, { program }] of dropped) await (await program).dispose();
  }

  /** Gives the runtime's memory back once runs under way are done. A second call does nothing more. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#running.then(async () => {
      for (const { program } of this.#held.values()) await (await program).dispose();
    });
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** `fn` as a program for inputs of any shapes and element types. */
export const compileFor = (fn: TracedFunction, options?: CompileForOptions): ProgramFor =>
  new ProgramFor(fn, options);
