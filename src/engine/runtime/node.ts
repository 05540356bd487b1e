import type { LoadRuntime } from "./runtime.js";
import { defaultThreads } from "./threads.js";

export const loadRuntime: LoadRuntime = async () => {
  const { InferenceSession, Tensor, env } = await import("onnxruntime-node");
  // What goes wrong is thrown; nothing else should reach the terminal.
  env.logLevel = "fatal";
  return {
    InferenceSession,
    Tensor,
    version: `onnxruntime-node ${env.versions.node}`,
    threads: defaultThreads(),
    writesInto: true,
    // What a device has no kernel for runs on the cpu.
    providers: (device) => (device === "cpu" ? ["cpu"] : [device, "cpu"]),
  };
};
