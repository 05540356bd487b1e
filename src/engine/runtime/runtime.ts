import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";

/** Where a program runs. In a browser `cpu` is WebAssembly; `cuda` and `webgpu` are there if the machine has them. */
export type Device = "cpu" | "cuda" | "webgpu";

/** One build of ONNX Runtime: `onnxruntime-node` or `onnxruntime-web`. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  /** Which build it is, in which version. */
  readonly version: string;
  /** Threads within one operator where the caller has no wish. */
  readonly threads: number;
  /** Whether results are written to the tensors given for them; else they come in new ones and are copied. */
  readonly writesInto: boolean;
  /** What a session gets for this device. */
  providers(device: Device): InferenceSession.ExecutionProviderConfig[];
}

/**
 * Loads ONNX Runtime, when the first program is made and not before. `node.ts` and `browser.ts` each have one; which of them a
 * bundle gets is said by the field `browser` of package.json.
 */
export type LoadRuntime = (device: Device, threads?: number) => Promise<Runtime>;
