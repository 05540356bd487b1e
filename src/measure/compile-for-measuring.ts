import type { TensorSpec } from "../base/tensor.js";
import { type CompileOptions, compile, type Program } from "../engine/index.js";
import type { TracedFunction } from "../engine/lang/index.js";

export interface MeasuringOptions extends CompileOptions {
  /**
   * Keeps the graph to standard ONNX with every shape known, so that other tools can read it.
   * Default false.
   */
  readonly portable?: boolean;
}

/**
 * Compiles a function for accuracy rather than speed: the forward pass uses no Winograd
 * convolutions.
 *
 * Winograd convolutions round more than direct ones. Rounding in a forward pass grows from layer to
 * layer. An input of a ReLU that rounding moves across 0 changes all gradients below it. On an
 * untrained ResNet-18 in float32, the worst `removed` was 1.1e-4 away from float64 with Winograd
 * and 1.5e-5 without. The backward pass is linear once the forward pass is done, so it keeps
 * Winograd: there the distance from float64 stayed the same to two digits.
 */
export function compileForMeasuring(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  { portable = false, ...options }: MeasuringOptions = {},
): Promise<Program> {
  const contrib = !portable && (options.device ?? "cpu") === "cpu";
  return compile(fn, specs, {
    ...options,
    optimizations: { winograd: false, contrib, promptRelease: !portable },
  });
}
