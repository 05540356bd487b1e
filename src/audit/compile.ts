import { type CompileOptions, compile } from "../engine/index.js";

/**
 * Compiles for measuring rather than for speed. Winograd's convolutions round some times more than direct ones, which
 * deep networks amplify: on an untrained Inception v3 in float32 a layer's `removed` came out wrong by 0.03 with them and
 * by 0.002 without. And the graph keeps to standard ONNX, since `--save-graph` hands it on.
 */
export const compileForMeasuring: typeof compile = (fn, specs, options: CompileOptions = {}) =>
  compile(fn, specs, { ...options, optimizations: { winograd: false, contrib: false } });
