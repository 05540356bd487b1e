import type { Tensor } from "../../base/tensor.js";
import type { Norm, NormName } from "../../nn/index.js";
import { addressesOf } from "../../theory/index.js";
import type { Check, Context } from "../context.js";
import { float64 } from "../evaluate.js";
import { type Adjoint, adjointMatrix, blockOf, singularValues } from "../jacobian.js";
import { roundingBound } from "../rounding.js";

/**
 * A tensor so small that its whole adjoint can be built. Every group has more elements than blocked
 * directions.
 */
const SHAPE = [4, 4, 3, 1];

const NAMES: readonly NormName[] = [
  "bn",
  "ghost:2",
  "ln",
  "gn:2",
  "in",
  "rms",
  "brn",
  "frn",
  "ws",
  "actnorm",
  "dyt",
  "frozen",
  "detached",
  "none",
];

/**
 * One check per normalization: its adjoint blocks the directions that the norm declares, and no
 * others.
 */
export const normChecks = (subject: Context["subject"]): Check[] =>
  NAMES.map((name) => ({
    id: `norm-${name}`,
    statement: declaration(subject.norm(name, {})),
    source: "docs/theory.md, section 7",
    relation: "at most",
    async run(context) {
      const trials = Math.max(1, context.trials / 50);
      for (let trial = 0; trial < trials; trial++)
        for (const epsilon of [0, 10 ** context.random.uniform(-3, 0)]) {
          context.countTrial();
          await compareWithDeclaration(context, context.subject.norm(name, { epsilon }), epsilon);
        }
    },
  }));

/** The declaration of a norm in words: `layer norm blocks 1 and y, 8 of 48 directions`. */
function declaration(norm: Norm): string {
  const blocked = norm.blocks(SHAPE);
  if (blocked === null) return `${norm.title} blocks nothing`;
  const { starts, offsets } = addressesOf(blocked.layout);
  const directions = [...(blocked.ones ? ["1"] : []), ...(blocked.y ? ["y"] : [])];
  const listed = directions.length === 2 ? "1 and y" : `${directions[0]} alone`;
  const space = norm.normalizes === "weights" ? " of filters" : "";
  const lost = directions.length * starts.length;
  return `${norm.title} blocks ${listed}${space}, ${lost} of ${starts.length * offsets.length} directions`;
}

/** Builds the adjoint at a random x and compares each group with the declaration. */
async function compareWithDeclaration(context: Context, norm: Norm, epsilon: number): Promise<void> {
  const size = SHAPE.reduce((a, b) => a * b, 1);
  const x = float64(
    context.normals(size).map((v) => 2 * v + 1),
    SHAPE,
  );
  const state = stateFor(context, norm);
  const adjoint = await adjointMatrix((value, rest) => norm.standardize(value, rest), x, state);
  const blocked = norm.blocks(SHAPE);
  const where = () => `${norm.title}, x [${SHAPE.join(", ")}], ε = ${epsilon.toPrecision(2)}`;
  if (blocked === null) {
    // A norm that blocks nothing has no singular value that is 0 to rounding. A large σ or a
    // saturated tanh makes some small.
    const values = singularValues(adjoint.matrix);
    const lost = values.filter((v) => v <= values[0] * size * Number.EPSILON).length;
    context.record(lost, 0, () => `${where()}: directions lost`);
    return;
  }
  const { starts, offsets } = addressesOf(blocked.layout);
  for (const [group, start] of starts.entries()) {
    const elements = Array.from(offsets, (offset) => start + offset);
    compareGroup(context, {
      blocked,
      adjoint,
      elements,
      x,
      epsilon,
      where: () => `${where()}, group ${group}`,
    });
  }
}

/** One group of a norm: its declared directions, its part of the adjoint, and the case in words. */
interface Group {
  readonly blocked: { readonly ones: boolean; readonly y: boolean };
  readonly adjoint: Adjoint;
  readonly elements: readonly number[];
  readonly x: Tensor;
  readonly epsilon: number;
  where(): string;
}

/** Compares the singular values and the declared directions of one group's block of the adjoint. */
function compareGroup(context: Context, { blocked, adjoint, elements, x, epsilon, where }: Group): void {
  const { ones, y: alongY } = blocked;
  const n = elements.length;
  const values = Float64Array.from(elements, (e) => x.data[e]);
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const spread = values.map((v) => (ones ? v - mean : v));
  const variance = spread.reduce((sum, v) => sum + v * v, 0) / n;
  const sigma = Math.sqrt(variance + epsilon);
  const leak = epsilon / (variance + epsilon);
  const bound = roundingBound({
    elements: n,
    kappa: (Math.abs(mean) / sigma) * Math.sqrt(n),
    peakY: Math.max(...spread.map(Math.abs)) / sigma,
    peakG: Math.sqrt(n),
    amplification: 2,
    // The error of a singular value is at most the norm of the error of all columns.
    products: n * n,
  });

  const { block, outside } = blockOf(adjoint, elements);
  const found = singularValues(block);
  // All passing directions share one factor. It is the largest singular value, since that of batch
  // renorm is r/σ, not 1/σ.
  const through = found[0];
  const expected = new Float64Array(n).fill(1);
  if (alongY) expected[n - 1] = leak;
  if (ones) expected[n - 2] = alongY ? leak : 0;
  if (ones) expected[n - 1] = 0;
  for (const [k, value] of found.entries())
    context.record(Math.abs(value / through - expected[k]), bound, () => `singular value ${k}, ${where()}`);
  context.record(outside / through, bound, () => `leaves the group, ${where()}`);

  const pulled = (direction: Float64Array): number => {
    const length = Math.hypot(...direction);
    const image = Array.from({ length: n }, (_, row) =>
      direction.reduce((sum, v, column) => sum + block[row * n + column] * v, 0),
    );
    return Math.hypot(...image) / (length * through);
  };
  if (ones) context.record(pulled(new Float64Array(n).fill(1)), bound, () => `1 pulled back, ${where()}`);
  if (alongY) context.record(Math.abs(pulled(spread) - leak), bound, () => `y pulled back, ${where()}`);
}

/** State values other than the initial ones: random running statistics and trained values. */
function stateFor(context: Context, norm: Norm): Tensor[] {
  return norm.state(SHAPE).map(({ shape, initial }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    return float64(
      context.normals(count).map((v) => (initial === 0 ? v : initial * Math.exp(0.5 * v))),
      shape,
    );
  });
}
