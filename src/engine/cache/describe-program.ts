import type { Atom, Variable } from "../tracing/primitives.js";
import type { TracedProgram } from "../tracing/traced-program.js";
import type { KeyPart } from "./program-cache.js";

/**
 * Everything in a traced program that its graph depends on, to the last bit of every number.
 * Programs with equal descriptions lower to equal graphs. Variables are numbered in order of
 * appearance. Source lines are left out.
 */
export function describeProgram({ inputs, constants, equations, outputs }: TracedProgram): KeyPart[] {
  const numbers = new Map<Variable, number>();
  const declare = (variable: Variable) => {
    numbers.set(variable, numbers.size);
    return [variable.dtype, variable.shape];
  };
  const read = (atom: Atom) => (atom.kind === "literal" ? [atom.dtype, atom.value] : numbers.get(atom)!);
  const described = {
    inputs: inputs.map(declare),
    constants: constants.map(({ variable }) => declare(variable)),
    equations: equations.map((equation) => [
      equation.primitive,
      equation.params,
      equation.inputs.map(read),
      equation.outputs.map(declare),
    ]),
    outputs: outputs.map(read),
  };
  return [JSON.stringify(described, exactly), ...constants.map(({ tensor }) => bytesOf(tensor.data))];
}

/** A replacer for JSON, which on its own writes −0 as 0, and infinities and NaN as null. */
function exactly(_key: string, value: unknown): unknown {
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return { number: Object.is(value, -0) ? "-0" : String(value) };
  if (!isPlain(value))
    throw new Error(`a traced program has a parameter that is not plain data: ${String(value)}`);
  return value;
}

function isPlain(value: unknown): boolean {
  if (value === null || ["number", "string", "boolean", "undefined"].includes(typeof value)) return true;
  return (
    typeof value === "object" && [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value))
  );
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
