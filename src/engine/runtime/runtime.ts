import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";
import type { Device } from "./device.js";

/** A build of ONNX Runtime: `onnxruntime-node` or `onnxruntime-web`. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  /** Name and version of the build. */
  readonly version: string;
  /** Default number of threads within one operator. */
  readonly threads: number;
  /**
   * Whether a run writes results into given tensors. Otherwise results come in new tensors and are
   * copied.
   */
  readonly writesInto: boolean;
  /** Execution providers of a session on this device, in order of preference. */
  providers(device: Device): InferenceSession.ExecutionProviderConfig[];
}

/**
 * Loads ONNX Runtime when the first program is made. `node.ts` and `browser.ts` each export such a
 * function. The field `browser` of package.json makes bundlers take the second.
 */
export type LoadRuntime = (device: Device, threads?: number) => Promise<Runtime>;
