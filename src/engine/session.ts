/// <reference lib="esnext.disposable" preserve="true" />
import type { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-common";
import { UserError } from "../base/errors.js";
import {
  allocate,
  checkTensor,
  setElements,
  showShape,
  sizeOf,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from "../base/tensor.js";
import type { LoweredGraph } from "./lowering/lower.js";
import type { PlannedMemory } from "./memory/plan.js";
import type { Device } from "./runtime/device.js";
import { loadRuntime } from "./runtime/node.js";
import type { Runtime } from "./runtime/runtime.js";

/** How a program runs. */
export interface SessionOptions {
  /** Where the program runs. Default "cpu". */
  readonly device?: Device;
  /**
   * Threads within one operator. Default: the environment variable BLINDSPOT_THREADS, or the number
   * of cores.
   */
  readonly threads?: number;
  /**
   * Prefix of a file name. `endProfiling` writes the time that each node took in each run to this
   * file.
   */
  readonly profile?: string;
}

/**
 * A compiled function, which can run many times. A program holds memory outside of JavaScript until
 * it is disposed. `compile` makes programs.
 *
 * @example
 * ```ts
 * import { lang, lower, Program } from "blindspot/engine";
 *
 * const x = { dtype: "float32", shape: [2], data: Float32Array.of(1, 4) } as const;
 * await using program = await Program.load(lower((x) => [lang.sqrt(x)], [x]));
 * const [root] = await program.run([x]);
 * console.log(root.data); // [1, 2]
 * ```
 */
export class Program {
  /** Shape and element type of each input. */
  readonly inputs: readonly TensorSpec[];
  /** Shape and element type of each output. */
  readonly outputs: readonly TensorSpec[];
  /** The ONNX file of the program. */
  readonly bytes: Uint8Array;
  /** The source lines of each node, by its name. Empty without the option `sourceLines`. */
  readonly sources: LoweredGraph["sources"];
  /** Planned bytes of a run. */
  readonly memory: PlannedMemory;
  private pending: Promise<unknown> = Promise.resolve();
  private disposal?: Promise<void>;

  private constructor(
    private readonly lowered: LoweredGraph,
    private readonly session: InferenceSession,
    private readonly runtime: Runtime,
  ) {
    this.inputs = lowered.inputs;
    this.outputs = lowered.outputs;
    this.bytes = lowered.bytes;
    this.sources = lowered.sources;
    this.memory = lowered.memory;
  }

  /**
   * Makes a program of a graph. Loads ONNX Runtime at the first call.
   *
   * @param lowered - The result of `lower`.
   * @throws UserError where the device is not available.
   */
  static async load(
    lowered: LoweredGraph,
    { device = "cpu", threads, profile }: SessionOptions = {},
  ): Promise<Program> {
    const runtime = await loadRuntime(device, threads);
    const options: InferenceSession.SessionOptions = {
      executionProviders: runtime.providers(device),
      // ONNX Runtime's optimizations would undo some of the engine's, such as transposes in single
      // moves.
      graphOptimizationLevel: "disabled",
      enableMemPattern: false,
      enableCpuMemArena: true,
      executionMode: "sequential",
      intraOpNumThreads: threads ?? runtime.threads,
      logSeverityLevel: 4,
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    };
    let session: InferenceSession;
    try {
      session = await runtime.InferenceSession.create(lowered.bytes, options);
    } catch (error) {
      if (device === "cpu") throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(`device ${device}: not available here, use cpu (${reason})`, 2, { cause: error });
    }
    return new Program(lowered, session, runtime);
  }

  /**
   * Computes the function. Runs that overlap in time take place one after another.
   *
   * @param inputs - One tensor for each input, with the shape and element type of `inputs`.
   * @param into - Tensors that results are written to, by position. None of them may be an input.
   * New tensors are made for the others.
   * @returns One tensor for each output.
   * @throws UserError where a tensor has another shape or element type, where an integer is divided
   * by zero, and after `dispose`.
   */
  async run(inputs: readonly Tensor[], into: readonly (Tensor | undefined)[] = []): Promise<Tensor[]> {
    if (this.disposal !== undefined)
      throw new UserError("program: cannot run after dispose; compile it again");
    const feeds: Record<string, RuntimeTensor> = {};
    if (!Array.isArray(inputs))
      throw new UserError(`program: expected an array of input tensors, got ${typeof inputs}; run([x])`);
    if (inputs.length !== this.inputs.length)
      throw new UserError(`program: expected ${this.inputs.length} inputs, got ${inputs.length}`);
    this.lowered.inputs.forEach((spec, i) => {
      const tensor = inputs[i];
      checkMatches(`input ${spec.name}`, tensor, spec);
      if (spec.used) feeds[spec.name] = this.wrap(tensor);
    });
    // Where possible, results are written straight into JavaScript's memory. Otherwise they are
    // copied.
    const outputs = this.lowered.outputs.map((spec, i): Tensor | undefined => {
      const given = into[i];
      if (given !== undefined) checkMatches(`output ${spec.name}`, given, spec);
      if (given !== undefined || !this.runtime.writesInto) return given;
      return { dtype: spec.dtype, shape: spec.shape, data: allocate(spec.dtype, sizeOf(spec.shape)) };
    });
    const fetches: Record<string, RuntimeTensor | null> = {};
    this.lowered.outputs.forEach(({ name }, i) => {
      fetches[name] = this.runtime.writesInto ? this.wrap(outputs[i]!) : null;
    });
    const running = this.pending.then(() => this.session.run(feeds, fetches));
    this.pending = running.catch(() => {});
    const results = await running.catch((error: unknown) => {
      if (!/division by zero/i.test(String(error))) throw error;
      throw new UserError("program: integer division by zero; check the divisor", 2, { cause: error });
    });
    return this.lowered.outputs.map(({ name, dtype, shape }, i) => {
      const output = outputs[i];
      if (output !== undefined && this.runtime.writesInto) return output;
      const data = results[name].data as TensorData;
      if (output !== undefined) setElements(output.data, data);
      return output ?? { dtype, shape, data };
    });
  }

  private wrap({ dtype, data, shape }: Tensor): RuntimeTensor {
    // ONNX Runtime declares one constructor for each element type; `data` has the class of `dtype`.
    return new this.runtime.Tensor(dtype, data as never, [...shape]);
  }

  /** Writes the times of all runs so far, where the program was compiled with `profile`. */
  endProfiling(): void {
    this.session.endProfiling();
  }

  /** Releases the program's memory after the runs under way. A second call does nothing. */
  dispose(): Promise<void> {
    this.disposal ??= this.pending.then(() => this.session.release());
    return this.disposal;
  }

  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function checkMatches(name: string, tensor: Tensor | undefined, { dtype, shape }: TensorSpec): void {
  if (tensor?.shape === undefined)
    throw new UserError(`${name}: expected a tensor, ${dtype} ${showShape(shape)}, got ${typeof tensor}`);
  if (tensor.dtype !== dtype || `${tensor.shape}` !== `${shape}`)
    throw new UserError(
      `${name}: expected ${dtype} ${showShape(shape)}, got ${tensor.dtype} ${showShape(tensor.shape)}`,
    );
  checkTensor(name, tensor);
}
