import type { TensorSpec } from "../base/tensor.js";
import { type CompileOptions, compile, type Program } from "../engine/index.js";
import type { TracedFunction } from "../engine/lang/index.js";

export interface MeasuringOptions extends CompileOptions {
  /** The graph is to be handed on, so it keeps to standard ONNX and tells every shape. Default false. */
  readonly portable?: boolean;
}

/**
 * Compiles for measuring rather than for speed: forward passes go without Winograd's convolutions, which round some times
 * more than direct ones. What rounding does to a forward pass grows from layer to layer, and an input of a ReLU that it
 * pushes across 0 changes all gradients below: on an untrained ResNet-18 in float32 the worst `removed` strayed from float64
 * by 1.1e-4 with them and by 1.5e-5 without. The backward pass, linear once the forward pass is done, has them: every
 * number of the report agreed with that of direct convolutions to two digits of its distance from float64.
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
