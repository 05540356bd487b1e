import type { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-common";
import { UserError } from "../base/errors.js";
import {
  allocate,
  checkTensor,
  showShape,
  sizeOf,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from "../base/tensor.js";
import type { LoweredGraph } from "./lowering/lower.js";
import type { PlannedMemory } from "./memory/plan.js";
import { loadRuntime } from "./runtime/node.js";
import type { Device, Runtime } from "./runtime/runtime.js";

export interface SessionOptions {
  /** Where to run; "cpu" unless told. */
  readonly device?: Device;
  /** Threads within one operator; `BLINDSPOT_THREADS`, else as many as there are cores, unless told. */
  readonly threads?: number;
  /** Prefix of the file that every run's time per node is written to when `endProfiling` is called. */
  readonly profile?: string;
}

/** A compiled function, ready to run many times. Holds memory outside JavaScript until disposed. */
export class Program {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly bytes: Uint8Array;
  readonly sources: LoweredGraph["sources"];
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

  /** Hands the graph to ONNX Runtime, which is loaded now and not before. */
  static async load(
    lowered: LoweredGraph,
    { device = "cpu", threads, profile }: SessionOptions = {},
  ): Promise<Program> {
    const runtime = await loadRuntime(device, threads);
    const options: InferenceSession.SessionOptions = {
      executionProviders: runtime.providers(device),
      // The engine's own passes run; ONNX Runtime's undo some of them (fast 2-d transposes, for one).
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
   * Results for these inputs, which must have the shapes and element types the program was compiled for. `into` gives
   * tensors to write results to, by position, none of them an input; where it has none a new one is made. Runs that overlap
   * take place one after another.
   */
  async run(inputs: readonly Tensor[], into: readonly (Tensor | undefined)[] = []): Promise<Tensor[]> {
    if (this.disposal !== undefined) throw new UserError("program: run after dispose; compile it again");
    const feeds: Record<string, RuntimeTensor> = {};
    if (inputs.length !== this.inputs.length)
      throw new UserError(`program: expected ${this.inputs.length} inputs, got ${inputs.length}`);
    this.lowered.inputs.forEach((spec, i) => {
      const tensor = inputs[i];
      checkMatches(`input ${spec.name}`, tensor, spec);
      if (spec.used) feeds[spec.name] = this.wrap(tensor);
    });
    // Written straight into JavaScript's memory where possible: tensors of the runtime's own would be copied out.
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
      output?.data.set(data as never);
      return output ?? { dtype, shape, data };
    });
  }

  private wrap({ dtype, data, shape }: Tensor): RuntimeTensor {
    return new this.runtime.Tensor(dtype, data as never, [...shape]);
  }

  /** Writes the times of all runs so far, if the program was compiled with `profile`. */
  endProfiling(): void {
    this.session.endProfiling();
  }

  /** Gives the runtime's memory back once runs under way are done. A second call does nothing more. */
  dispose(): Promise<void> {
    this.disposal ??= this.pending.then(() => this.session.release());
    return this.disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function checkMatches(name: string, tensor: Tensor, { dtype, shape }: TensorSpec): void {
  if (tensor.dtype !== dtype || `${tensor.shape}` !== `${shape}`)
    throw new UserError(
      `${name}: expected ${dtype} ${showShape(shape)}, got ${tensor.dtype} ${showShape(tensor.shape)}`,
    );
  checkTensor(name, tensor);
}
