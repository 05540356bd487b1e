import { UserError } from "../../base/errors.js";
import { type Graph, GraphBuilder } from "../graph/graph.js";
import { materialize, splat, type View, viewOf } from "../graph/view.js";
import type { Atom, Equation, Primitive, Variable } from "../tracing/primitives.js";
import { located } from "../tracing/source-line.js";
import type { TracedProgram } from "../tracing/traced-program.js";
import type { Optimizations } from "./optimizations.js";
import { rules } from "./rules/index.js";

/**
 * The graph that the rules make of a traced program: for each equation, the rule of its primitive
 * adds nodes. Inputs and outputs are those of the program, in order.
 */
export function lowerProgram(program: TracedProgram, optimizations: Optimizations): Graph {
  const g = new GraphBuilder(optimizations);
  const views = new Map<Variable, View>();
  const read = (atom: Atom): View =>
    atom.kind === "literal" ? splat(g.scalar(atom.value, atom.dtype), []) : views.get(atom)!;
  for (const input of program.inputs) views.set(input, viewOf(g, g.input(input)));
  for (const { variable, tensor } of program.constants)
    views.set(variable, viewOf(g, g.constant(tensor.dtype, tensor.shape, tensor.data)));
  for (const equation of program.equations) {
    g.origin = { primitive: equation.primitive, source: equation.source };
    const results = located(equation.source, () => applyRule(g, equation, equation.inputs.map(read)));
    equation.outputs.forEach((variable, i) => {
      views.set(variable, checked(equation, results[i], variable));
    });
  }
  g.origin = { primitive: "output" };
  return g.finish(program.outputs.map((atom) => materialize(g, read(atom))));
}

function applyRule<P extends Primitive>(
  g: GraphBuilder,
  equation: Equation<P>,
  inputs: View[],
): readonly View[] {
  const rule = rules[equation.primitive];
  if (rule === undefined)
    throw new UserError(
      `${equation.primitive}: cannot be compiled, as the engine has no rule for it; use other functions of lang`,
    );
  return rule(g, inputs, equation.params, equation.outputs);
}

/**
 * Tracing and rules each know shapes and element types. A rule that disagrees with tracing is
 * wrong.
 */
function checked({ primitive }: Equation, view: View, expected: Variable): View {
  if (`${view.shape}` !== `${expected.shape}` || view.value.dtype !== expected.dtype)
    throw new Error(
      `rule ${primitive} gave ${view.value.dtype}[${view.shape}], expected ${expected.dtype}[${expected.shape}]`,
    );
  return view;
}
