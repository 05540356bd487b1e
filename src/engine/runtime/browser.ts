import { UserError } from "../../base/errors.js";
import type { LoadRuntime } from "./runtime.js";

/**
 * `onnxruntime-web`: WebAssembly, with threads where the page is cross-origin isolated, and WebGPU. The two are different builds,
 * loaded when asked for. Their `.wasm` files must be served beside the bundle, or where the page says by
 * `env.wasm.wasmPaths` of `onnxruntime-web/wasm` and `onnxruntime-web/webgpu`.
 */
export const loadRuntime: LoadRuntime = async (device, threads) => {
  if (device === "cuda") throw new UserError("device cuda: not available in a browser, use cpu or webgpu");
  if (device === "webgpu" && !(await hasAdapter()))
    throw new UserError("device webgpu: this browser offers no WebGPU adapter, use cpu");
  const { InferenceSession, Tensor, env } =
    device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  env.logLevel = "fatal";
  // Threads share memory, which pages that are not isolated may not.
  const most = globalThis.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  // Read when the first session is made; later values have no effect.
  env.wasm.numThreads = Math.min(threads ?? most, most);
  return {
    InferenceSession,
    Tensor,
    version: `onnxruntime-web ${env.versions.web}`,
    threads: env.wasm.numThreads,
    // It returns such tensors as they were (docs/upstream.md).
    writesInto: false,
    providers: (device) => (device === "cpu" ? ["wasm"] : [device, "wasm"]),
  };
};

async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  return gpu !== undefined && (await gpu.requestAdapter()) !== null;
}
