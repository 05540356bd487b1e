import { UserError } from "../../base/errors.js";
import type { LoadRuntime } from "./runtime.js";

/**
 * Loads `onnxruntime-web`: its build for WebAssembly, with threads where the page is cross-origin
 * isolated, or its build for WebGPU. The page must serve their `.wasm` files beside the bundle, or
 * set `env.wasm.wasmPaths` of `onnxruntime-web/wasm` and `onnxruntime-web/webgpu`.
 */
export const loadRuntime: LoadRuntime = async (device, threads) => {
  if (device === "cuda") throw new UserError("device cuda: not available in a browser, use cpu or webgpu");
  if (device === "webgpu" && !(await hasAdapter()))
    throw new UserError("device webgpu: this browser offers no WebGPU adapter, use cpu");
  const { InferenceSession, Tensor, env } =
    device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  env.logLevel = "fatal";
  // Threads share memory, which browsers allow to isolated pages only.
  const most = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  // The runtime reads this number when the first session is made. Later changes have no effect.
  env.wasm.numThreads = Math.min(threads ?? most, most);
  return {
    InferenceSession,
    Tensor,
    version: `onnxruntime-web ${env.versions.web}`,
    threads: env.wasm.numThreads,
    // onnxruntime-web leaves the given tensors unchanged (docs/upstream.md).
    writesInto: false,
    providers: (device) => (device === "cpu" ? ["wasm"] : [device, "wasm"]),
  };
};

async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  return gpu !== undefined && (await gpu.requestAdapter()) !== null;
}
