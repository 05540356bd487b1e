/// <reference lib="esnext.disposable" preserve="true" />
import { UserError } from "../base/errors.js";
import type { Tensor, TensorSpec } from "../base/tensor.js";
import { type CompileOptions, compile } from "./compile.js";
import type { TracedFunction } from "./lang/autodiff.js";
import type { Program } from "./session.js";

/** Options of `compileFor`. A caller's `key` would hold for one shape only, so there is none. */
export interface CompileForOptions extends Omit<CompileOptions, "key"> {
  /**
   * Most programs held at once. Beyond it, the program that has not run for longest is disposed.
   * Default 4.
   */
  readonly programs?: number;
}

interface Held {
  readonly program: Promise<Program>;
  runs: number;
}

/**
 * A function as a program for inputs of any shapes and element types.
 *
 * A graph has fixed shapes. So the function is compiled when inputs of new shapes or element types
 * come, and the programs that ran last are held. With a `cache`, a program that was disposed is not
 * lowered again. The programs hold memory outside of JavaScript until `dispose` is called.
 */
export class ProgramFor implements AsyncDisposable {
  /** Programs by shapes and element types of the inputs, in the order in which they ran last. */
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
   * Computes the function, as `Program.run` does. Compiles it first where no program for such
   * inputs is held.
   *
   * @param inputs - One tensor for each argument of the function.
   * @param into - Tensors that results are written to, by position. New tensors are made for the
   * others.
   * @returns One tensor for each output.
   * @throws UserError where the function cannot be compiled for these inputs, or after `dispose`.
   */
  run(inputs: readonly Tensor[], into?: readonly (Tensor | undefined)[]): Promise<Tensor[]> {
    if (this.#disposal !== undefined)
      return Promise.reject(new UserError("program: cannot run after dispose; compile it again"));
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
        // A failed compilation is not held, so the next run tries again.
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

  /** Releases all memory after the runs under way. A second call does nothing. */
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

/**
 * Makes a program for inputs of any shapes and element types.
 *
 * @param fn - A function written with `lang`.
 * @param options - Device, threads, cache, and the number of programs to hold.
 * @returns A program that compiles `fn` when inputs of new shapes or element types come.
 * @throws UserError where `programs` is not a whole number from 1 on.
 *
 * @example
 * ```ts
 * import { compileFor, lang } from "blindspot/engine";
 *
 * await using norm = compileFor((x) => [lang.sqrt(lang.sum(lang.square(x)))]);
 * for (const data of [Float32Array.of(3, 4), Float32Array.of(2, 3, 6)]) {
 *   const [length] = await norm.run([{ dtype: "float32", shape: [data.length], data }]);
 *   console.log(length.data[0]); // 5, then 7
 * }
 * ```
 */
export const compileFor = (fn: TracedFunction, options?: CompileForOptions): ProgramFor =>
  new ProgramFor(fn, options);
