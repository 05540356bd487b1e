import type { LoadRuntime } from "./runtime.js";
import { defaultThreads } from "./threads.js";

/** Loads `onnxruntime-node`. */
export const loadRuntime: LoadRuntime = async () => {
  const { InferenceSession, Tensor, env } = await import("onnxruntime-node");
  // Errors are thrown. The runtime's warnings are kept off the terminal.
  env.logLevel = "fatal";
  return {
    InferenceSession,
    Tensor,
    version: `onnxruntime-node ${env.versions.node}`,
    threads: defaultThreads(),
    writesInto: true,
    // Operators without a kernel for the device run on the CPU.
    providers: (device) => (device === "cpu" ? ["cpu"] : [device, "cpu"]),
  };
};
