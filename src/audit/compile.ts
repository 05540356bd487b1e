import { type CompileOptions, compile } from "../engine/index.js";

/**
 * Compiles for measuring rather than for speed. Winograd's convolutions round some times more than direct ones, which
 * deep networks amplify: on an untrained Inception v3 in float32 blocked shares strayed by 1e-3 from float64 with them and
 * by 3e-4 without, `removed` by 0.0026 and 0.0018. And the graph keeps to standard ONNX, since `--save-graph` hands it on.
 */
export const compileForMeasuring: typeof compile = (fn, specs, options: CompileOptions = {}) =>
  compile(fn, specs, { ...options, optimizations: { winograd: false, contrib: false } });
