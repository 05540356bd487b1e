import { UserError } from "../../base/errors.js";
import type { TensorSpec } from "../../base/tensor.js";
import { describeValue } from "./describe-value.js";
import type { JaxArray } from "./jax.js";
import { isTraced } from "./jax-internals.js";
import { type Call, callsIn, outermost, showSourceLine } from "./source-line.js";
import type { TracedFunction } from "./traced.js";

/**
 * Frames that a stack keeps while a function is traced: jax-js and the engine take more than V8's
 * default of 10.
 */
const STACK_FRAMES = 100;

/**
 * Calls the function that is traced and checks its results. An error that the function throws
 * becomes a `UserError` that names the function's line and the call on it.
 *
 * @param args - Abstract values, one for each of `specs`.
 * @throws UserError where the function throws, or returns something else than an array of traced
 * values.
 */
export function callFunction(
  fn: TracedFunction,
  args: readonly JaxArray[],
  specs: readonly TensorSpec[],
): readonly JaxArray[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Math.max(stackTraceLimit, STACK_FRAMES);
  try {
    return checkResults(
      fn,
      outermost(() => fn(...args)),
    );
  } catch (error) {
    throw explainFailure(error, fn, specs);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const nameOf = (fn: TracedFunction): string =>
  fn.name === "" ? "the traced function" : `function ${fn.name}`;

function checkResults(fn: TracedFunction, results: unknown): readonly JaxArray[] {
  const expected = `${nameOf(fn)}: expected an array of traced values as the result, got`;
  if (!Array.isArray(results))
    throw new UserError(
      `${expected} ${describeValue(results)}; ${isTraced(results) ? "return [y] instead of y" : "return [y, …]"}`,
    );
  for (const [i, result] of results.entries())
    if (!isTraced(result))
      throw new UserError(
        `${expected} ${describeValue(result)} at place ${i}; return values that the functions of lang computed`,
      );
  return results;
}

/**
 * The error as a `UserError` that says where in the traced function it arose. Faults of blindspot's
 * own functions are returned as they are, and so are UserErrors.
 */
export function explainFailure(error: unknown, fn: TracedFunction, specs: readonly TensorSpec[]): unknown {
  if (error instanceof UserError) return error;
  const calls = error instanceof Error ? callsIn(error) : [];
  const at = calls.findIndex(({ owner }) => owner === "user");
  if (at < 0 && calls.some(({ owner }) => owner === "blindspot")) return error;
  const parts = [
    at < 0 ? nameOf(fn) : showSourceLine(calls[at]),
    ...calleeOf(calls[at - 1]),
    `${messageOf(error, calls[0])}${missingInputs(error, fn, specs)}`,
  ];
  return new UserError(parts.join(": "), 2, { cause: error });
}

/** The function of blindspot that the user's line calls; empty for a call of other code. */
function calleeOf(call: Call | undefined): string[] {
  if (call?.within === undefined || (call.owner !== "engine" && call.owner !== "blindspot")) return [];
  const name = call.within.slice(call.within.lastIndexOf(".") + 1);
  if (call.owner === "blindspot") return [name];
  return call.file.includes("/lang/") ? [`lang.${name}`] : [];
}

/**
 * Messages of jax-js that speak of its own workings, and what they mean for the traced function.
 */
const MEANINGS: readonly (readonly [message: RegExp, meaning: string])[] = [
  [
    /^Different traces at same level/,
    "a traced value of another call is used; a traced value lives only while its function is traced",
  ],
  [/freed, please use \.ref/, "a traced value is used that was disposed; do not dispose traced values"],
];

/**
 * The message of an error in plain words.
 *
 * @param origin - The innermost call on the stack. If the user's own code threw the error, the
 * message begins with the error's class.
 */
function messageOf(error: unknown, origin: Call | undefined): string {
  if (!(error instanceof Error)) return `threw ${describeValue(error)}`;
  const known = MEANINGS.find(([message]) => message.test(error.message));
  if (known !== undefined) return known[1];
  return origin?.owner === "user" ? `threw ${error.name}: ${error.message}` : error.message;
}

/**
 * A hint where a value is undefined because the function takes more arguments than `specs`
 * describes.
 */
function missingInputs(error: unknown, fn: TracedFunction, specs: readonly TensorSpec[]): string {
  if (fn.length <= specs.length || !/undefined/.test(String(error))) return "";
  return `; the function takes ${fn.length} arguments, but specs describes ${specs.length}: describe every argument`;
}
