import { UserError } from "../../base/errors.js";
import { type DType, showShape, type TensorSpec } from "../../base/tensor.js";
import { callFunction, explainFailure } from "./call-function.js";
import { describeValue } from "./describe-value.js";
import { type ClosedJaxpr, traceAbstract } from "./jax-internals.js";
import { Provenance } from "./provenance.js";
import type { TracedFunction } from "./traced.js";
import type { TracedProgram } from "./traced-program.js";
import { translate } from "./translate.js";

export interface TraceOptions {
  /**
   * Record for each equation which lines of `fn` it comes from. Tracing then takes several times
   * as long.
   */
  readonly sourceLines?: boolean;
}

/**
 * Traces `fn` for inputs of the given shapes and element types. Nothing is computed and no tensor
 * is allocated.
 *
 * @throws UserError where `specs` are no shapes and element types, or where `fn` fails.
 */
export function trace(
  fn: TracedFunction,
  specs: readonly TensorSpec[],
  { sourceLines = false }: TraceOptions = {},
): TracedProgram {
  checkArguments(fn, specs);
  const provenance = sourceLines ? new Provenance() : undefined;
  Provenance.active = provenance;
  try {
    const recorded = record(fn, specs, provenance);
    try {
      return translate(recorded, provenance);
    } finally {
      for (const constant of recorded.consts) constant.dispose();
    }
  } finally {
    provenance?.stop();
    Provenance.active = undefined;
  }
}

function record(fn: TracedFunction, specs: readonly TensorSpec[], provenance?: Provenance): ClosedJaxpr {
  try {
    return traceAbstract((...args) => {
      if (args.length > 0) provenance?.watchRecorder(args[0]);
      // A function may return an input, or a value twice. jax-js needs a fresh reference for each
      // result.
      return callFunction(fn, args, specs).map((result) => result.ref);
    }, specs);
  } catch (error) {
    // jax-js refuses some results only after the function has returned.
    throw explainFailure(error, fn, specs);
  }
}

const DTYPES: readonly DType[] = ["float32", "float64", "int32", "uint32", "bool"];

function checkArguments(fn: unknown, specs: unknown): void {
  if (typeof fn !== "function")
    throw new UserError(`expected a function of traced values to compile, got ${describeValue(fn)}`);
  if (!Array.isArray(specs))
    throw new UserError(
      `inputs: expected an array of { shape, dtype }, one for each argument, got ${describeValue(specs)}`,
    );
  for (const [i, spec] of specs.entries()) {
    const { shape, dtype }: { shape?: unknown; dtype?: unknown } = spec ?? {};
    if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size) && size >= 0))
      throw new UserError(
        `input ${i}: expected a shape of whole numbers from 0 on, got ${
          Array.isArray(shape) ? showShape(shape) : describeValue(shape)
        }`,
      );
    if (!DTYPES.some((known) => known === dtype))
      throw new UserError(
        `input ${i}: expected an element type of ${DTYPES.join(", ")}, got ${String(dtype)}`,
      );
  }
}
