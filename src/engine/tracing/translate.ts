import { UserError } from "../../base/errors.js";
import type { DType, Tensor, TensorData, TensorSpec } from "../../base/tensor.js";
import {
  type Aval,
  type ClosedJaxpr,
  isLiteral,
  type JaxAtom,
  type JaxConstant,
  type JaxEquation,
  type Jaxpr,
  type JaxVariable,
} from "./jax-internals.js";
import { exactFloat64 } from "./literals.js";
import type { Atom, Equation, Primitive, PrimitiveParams, Variable } from "./primitives.js";
import type { Provenance } from "./provenance.js";
import { located, type SourceLine } from "./source-line.js";
import type { TracedProgram } from "./traced-program.js";

/**
 * The program that jax-js recorded, as plain data. Equations get source lines where `provenance` is
 * given.
 */
export const translate = (recorded: ClosedJaxpr, provenance?: Provenance): TracedProgram =>
  new Translation(recorded, provenance).program;

/**
 * The source of each equation of `jaxpr.flatten()`. Equations of a nested function have the source
 * of its call.
 */
function sourcesOf(jaxpr: Jaxpr, provenance: Provenance): (readonly SourceLine[] | undefined)[] {
  return jaxpr.eqns.flatMap(({ primitive, params, outBinders }) => {
    const inner = primitive === "jit" ? (params.jaxpr as Jaxpr).flatten().eqns.length : 1;
    return Array(inner).fill(outBinders[0] && provenance.of(outBinders[0]));
  });
}

class Translation {
  readonly program: TracedProgram;
  private readonly equations: Equation[] = [];
  private readonly atoms = new Map<JaxVariable, Atom>();
  private readonly casts = new Map<Variable, Map<DType, Variable>>();
  /**
   * Element type of values that were made from untyped numbers only. jax-js computes them in
   * float32. In a function that uses float64 they would lose digits (1/count of tied maxima, for
   * example), so there they are float64.
   */
  private readonly weakFloat: DType;

  private source?: readonly SourceLine[];

  constructor({ jaxpr, consts }: ClosedJaxpr, provenance?: Provenance) {
    const { inBinders, eqns, outs } = jaxpr.flatten();
    const sources = provenance && sourcesOf(jaxpr, provenance);
    const avals = [...inBinders, ...eqns.flatMap((e) => e.outBinders), ...outs].map((v) => v.aval);
    this.weakFloat = avals.some((a) => a.dtype === "float64") ? "float64" : "float32";
    const inputs = inBinders.map((v) => this.declare(v));
    eqns.forEach((equation, i) => {
      this.source = sources?.[i];
      located(this.source, () => this.translate(equation));
    });
    const read = new Set<Atom>(this.equations.flatMap((equation) => equation.inputs));
    for (const out of outs) read.add(this.read(out));
    this.program = {
      inputs: inputs.slice(consts.length),
      constants: consts.flatMap((c, i) => {
        const variable = inputs[i];
        // Most constants are zeros that nothing reads, as large as an image. jax-js makes them when
        // they are read, so unread ones are skipped.
        return read.has(variable) ? [{ variable, tensor: tensorOf(c, variable) }] : [];
      }),
      outputs: outs.map((out) => this.coerce(this.read(out), asDType(out.aval.dtype))),
      equations: this.equations,
    };
  }

  private dtypeOf({ dtype, weakType }: Aval): DType {
    return dtype === "float32" && weakType ? this.weakFloat : asDType(dtype);
  }

  private declare(v: JaxVariable): Variable {
    const variable: Variable = { kind: "variable", shape: v.aval.shape, dtype: this.dtypeOf(v.aval) };
    this.atoms.set(v, variable);
    return variable;
  }

  private read(atom: JaxAtom): Atom {
    if (!isLiteral(atom)) return this.atoms.get(atom)!;
    const dtype = this.dtypeOf(atom.aval);
    const widened = dtype === "float64" && atom.aval.dtype === "float32";
    const value = widened ? exactFloat64(atom.value) : Number(atom.value);
    return { kind: "literal", shape: [], dtype, value };
  }

  private translate({ primitive, inputs, params, outBinders }: JaxEquation): void {
    const operands = inputs.map((atom) => this.read(atom));
    const first = operands[0];
    if (primitive === "stop_gradient") {
      this.atoms.set(outBinders[0], first);
      return;
    }
    if (primitive === "cast") {
      this.atoms.set(outBinders[0], this.coerce(first, asDType(String(params.dtype))));
      return;
    }
    const outputs = outBinders.map((v) => this.declare(v));
    this.push({
      primitive: primitive as Primitive,
      inputs: this.promote(primitive as Primitive, operands, inputs, outputs[0].dtype),
      params: params as PrimitiveParams[Primitive],
      outputs,
    });
  }

  /**
   * Operands in the type that the primitive computes in: the result's type, or the promoted one for
   * comparisons.
   */
  private promote(
    primitive: Primitive,
    operands: Atom[],
    sources: readonly JaxAtom[],
    result: DType,
  ): Atom[] {
    switch (primitive) {
      case "add":
      case "mul":
      case "idiv":
      case "mod":
      case "min":
      case "max":
      case "bit_combine":
      case "dot":
      case "conv":
      case "concatenate":
        return operands.map((x) => this.coerce(x, result));
      case "where":
        return operands.map((x, i) => (i === 0 ? x : this.coerce(x, result)));
      case "bit_shift":
        return operands.map((x) => this.coerce(x, operands[0].dtype));
      case "compare": {
        const dtype = this.comparisonType(sources[0].aval, sources[1].aval);
        return operands.map((x) => this.coerce(x, dtype));
      }
      default:
        return operands;
    }
  }

  private comparisonType(a: Aval, b: Aval): DType {
    if (a.weakType === b.weakType) return wider(this.dtypeOf(a), this.dtypeOf(b));
    return wider(this.dtypeOf(a.weakType ? b : a), "uint32");
  }

  private coerce(atom: Atom, dtype: DType): Atom {
    if (atom.dtype === dtype) return atom;
    if (atom.kind === "literal") return { ...atom, dtype, value: convert(atom.value, dtype) };
    const known = this.casts.get(atom) ?? new Map<DType, Variable>();
    this.casts.set(atom, known);
    let cast = known.get(dtype);
    if (cast === undefined) {
      cast = { kind: "variable", shape: atom.shape, dtype };
      known.set(dtype, cast);
      this.push({ primitive: "cast", inputs: [atom], params: { dtype }, outputs: [cast] });
    }
    return cast;
  }

  private push(equation: Equation): void {
    this.equations.push(this.source === undefined ? equation : { ...equation, source: this.source });
  }
}

/** Element types in jax-js's order of promotion. */
const PROMOTION: readonly DType[] = ["bool", "uint32", "int32", "float32", "float64"];

function wider(a: DType, b: DType): DType {
  return PROMOTION.indexOf(a) > PROMOTION.indexOf(b) ? a : b;
}

function asDType(name: string): DType {
  const dtype = PROMOTION.find((d) => d === name);
  if (dtype === undefined)
    throw new UserError(`element type ${name}: cannot be compiled, use one of ${PROMOTION.join(", ")}`);
  return dtype;
}

function convert(value: number, dtype: DType): number {
  switch (dtype) {
    case "float32":
      return Math.fround(value);
    case "float64":
      return value;
    case "int32":
      return Math.trunc(value) | 0;
    case "uint32":
      return Math.trunc(value) >>> 0;
    case "bool":
      return value === 0 ? 0 : 1;
  }
}

const STORAGE: Record<DType, { from(values: ArrayLike<number>): TensorData }> = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
};

function tensorOf(constant: JaxConstant, { shape, dtype }: TensorSpec): Tensor {
  const values = constant.ref.dataSync();
  const widened = dtype === "float64" && constant.aval.dtype === "float32";
  const data = widened ? Float64Array.from(values, exactFloat64) : STORAGE[dtype].from(values);
  return { shape, dtype, data };
}
