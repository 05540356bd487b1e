import { UserError } from "../../base/errors.js";
import { showShape, sizeOf, type TensorSpec } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import type { Evaluation } from "../evaluation.js";
import { type OnnxModel, type OnnxNode, showNode } from "../model.js";

/** A traced run of a model that only its shapes are wanted of. */
export interface ShapeRun {
  readonly model: OnnxModel;
  readonly params: readonly { readonly name: string; readonly spec: TensorSpec }[];
  readonly inputs: readonly { readonly name: string; readonly spec: TensorSpec }[];
  /** The nodes that run, in order. */
  readonly nodes: readonly OnnxNode[];
  run(params: readonly lang.Traced[], inputs: ReadonlyMap<string, lang.Traced>): Evaluation;
}

/**
 * Refuses a batch whose size contradicts the size that the file declares, if the graph depends on
 * that size. Exporters write the size of the example batch into Reshapes, Slices and constants; a
 * batch of another size would then be folded into the wrong axes without an error.
 *
 * The model is traced with the declared size and with the given one. An axis whose size differs
 * between the two carries the batch. A node fixes the batch if it cuts that axis at a stored
 * number.
 *
 * @throws UserError naming the node and the exported size.
 */
export function checkExportedSize(run: ShapeRun): void {
  const declared = declaredInputs(run);
  if (declared === null) return;
  const { model } = run;
  const refuse = (why: string, cause?: unknown) =>
    new UserError(
      `${model.path}: expected a batch of ${declared.exported}, the size that the model was exported with, got ${declared.given}: ${why}; give a batch of ${declared.exported}, or export with dynamic_axes={"${declared.name}": {0: "N"}}`,
      2,
      { cause },
    );
  const exported = recordValues({ ...run, inputs: declared.inputs });
  if (exported instanceof Error) return;
  const given = recordValues(run);
  if (given instanceof Error) throw refuse(given.message.replace(`${model.path}: `, ""), given);
  const found = new SizeFollower(exported, given, declared.exported).firstFixed(run.nodes);
  if (found) throw refuse(`${showNode("", found.node).replace(/^: /, "")} ${found.what}`);
}

/** The inputs with the sizes that the file declares, where a given batch size differs from it. */
function declaredInputs({ model, inputs }: ShapeRun) {
  let differing: { name: string; exported: number; given: number } | null = null;
  const replaced = inputs.map((input) => {
    const size = model.inputs.find(({ name }) => name === input.name)?.shape?.[0];
    const given = input.spec.shape[0];
    if (typeof size !== "number" || size < 1 || given === undefined || size === given) return input;
    differing ??= { name: input.name, exported: size, given };
    return { ...input, spec: { ...input.spec, shape: input.spec.shape.with(0, size) } };
  });
  // TypeScript does not see the assignment inside the callback.
  const found = differing as { name: string; exported: number; given: number } | null;
  return found && { ...found, inputs: replaced };
}

/** The shape of a value, and its elements where they are few and known while tracing. */
interface Recorded {
  readonly shape: readonly number[];
  readonly known: readonly number[] | null;
}

/** Values with at most this many elements may be shapes, axes or counts. */
const FEW = 64;

type Recording = ReadonlyMap<string, Recorded>;

/** The shapes of all values in a run that computes nothing; the error where the run fails. */
function recordValues({ model, params, inputs, run }: ShapeRun): Recording | Error {
  const recording = new Map<string, Recorded>();
  const record = (evaluation: Evaluation, name: string) => {
    const value = evaluation.lookup(name);
    if (value === undefined || recording.has(name)) return;
    // Asking for the elements of a large weight would convert all of them.
    const known = sizeOf(value.shape) <= FEW ? evaluation.known(name) : null;
    recording.set(name, { shape: [...value.shape], known: known && [...known.data] });
  };
  try {
    lang.evaluateShapes(
      (...args) => {
        const named = new Map(inputs.map(({ name }, i) => [name, args[params.length + i]]));
        const evaluation = run(args.slice(0, params.length), named);
        for (const { name } of [...params, ...inputs]) record(evaluation, name);
        for (const { inputs: read, outputs } of model.nodes)
          for (const name of [...read, ...outputs]) if (name) record(evaluation, name);
        return [];
      },
      [...params, ...inputs].map(({ spec }) => spec),
    );
  } catch (error) {
    return error as Error;
  }
  return recording;
}

/** A value at the exported batch size and at the given one. */
interface Pair {
  readonly exported: Recorded;
  readonly given: Recorded;
}

const broadcasting = new Set(
  "Add Sub Mul Div Pow Where PRelu Min Max Mean Sum Mod And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual".split(
    " ",
  ),
);

/** Operators that keep the rank of their first input and could cut its batch axis. */
const cutting = new Set(["Slice", "Gather", "TopK", "Resize", "Upsample", "Expand", "Tile", "Pad"]);

/** Operators through which a sum over the batch stays one, up to its shape. */
const keepsSum = new Set("Reshape Squeeze Unsqueeze Identity Cast Neg Flatten".split(" "));

/** Follows the axis of the batch through a graph. */
class SizeFollower {
  /** For each axis that carries the batch: how many elements of that axis stand before a sample. */
  private readonly outer = new Map<string, ReadonlyMap<number, number>>();
  /** Sums over the batch: how many elements were summed at the exported size. */
  private readonly sums = new Map<string, number>();

  constructor(
    private readonly exported: Recording,
    private readonly given: Recording,
    private readonly size: number,
  ) {}

  /** The first node that fixes the batch size, and how it does. */
  firstFixed(nodes: readonly OnnxNode[]): { node: OnnxNode; what: string } | null {
    for (const node of nodes) {
      const what = node.domain === "" ? this.fixes(node) : null;
      if (what) return { node, what };
      this.follow(node);
    }
    return null;
  }

  private pair(name: string | undefined): Pair | null {
    const exported = name ? this.exported.get(name) : undefined;
    const given = name ? this.given.get(name) : undefined;
    return exported && given && exported.shape.length === given.shape.length ? { exported, given } : null;
  }

  private outerOf(name: string, axis: number): number {
    return this.outer.get(name)?.get(axis) ?? 1;
  }

  /** Passes on where samples lie inside an axis: to axes of the same sizes. */
  private follow(node: OnnxNode): void {
    const inputs = node.inputs.flatMap((name) => {
      const pair = this.pair(name);
      return pair ? batchAxes(pair).map((axis) => ({ name, axis, pair })) : [];
    });
    for (const name of node.outputs) {
      const pair = this.pair(name);
      if (!pair || this.outer.has(name)) continue;
      const found = new Map<number, number>();
      for (const axis of batchAxes(pair)) {
        const from = inputs.find((input) => sameSizes(input.pair, input.axis, pair, axis));
        if (from) found.set(axis, this.outerOf(from.name, from.axis));
      }
      this.outer.set(name, found);
    }
    this.followSum(node);
  }

  private followSum(node: OnnxNode): void {
    const [input] = node.inputs;
    const [output] = node.outputs;
    const [x, y] = [this.pair(input), this.pair(output)];
    if (!x || !y) return;
    const count = sizeOf(x.exported.shape) / Math.max(1, sizeOf(y.exported.shape));
    if (node.op === "ReduceSum" && (batchAxes(x).length > batchAxes(y).length || this.sums.has(input)))
      this.sums.set(output, count * (this.sums.get(input) ?? 1));
    else if (keepsSum.has(node.op) && this.sums.has(input))
      this.sums.set(output, this.sums.get(input) as number);
  }

  private fixes(node: OnnxNode): string | null {
    if (node.op === "Reshape") return this.reshapes(node);
    if (broadcasting.has(node.op)) return this.broadcasts(node) ?? this.divides(node);
    return cutting.has(node.op) ? this.cuts(node) : null;
  }

  /** A Reshape to stored sizes under which samples do not stay whole. */
  private reshapes(node: OnnxNode): string | null {
    const [x, y] = [this.pair(node.inputs[0]), this.pair(node.outputs[0])];
    const target = this.pair(node.inputs[1]);
    if (!x || !y || x.given.known || batchAxes(x).length === 0) return null;
    // A target that was computed from the batch size follows it.
    if (target && target.exported.known?.join() !== target.given.known?.join()) return null;
    const what = `reshapes ${showShape(x.given.shape)} to ${showShape(y.given.shape)}, ${showShape(x.exported.shape)} to ${showShape(y.exported.shape)} when it was exported`;
    const kept = batchAxes(x).find(
      (axis) =>
        x.exported.shape[axis] === y.exported.shape[axis] &&
        sizeOf(x.exported.shape.slice(0, axis)) === sizeOf(y.exported.shape.slice(0, axis)) &&
        x.given.shape[axis] !== y.given.shape[axis],
    );
    if (kept !== undefined) return what;
    const outer = new Map<number, number>();
    for (const { from, to } of segments(x, y)) {
      const [axis, ...others] = batchAxes(x).filter((a) => from.includes(a));
      const targets = batchAxes(y).filter((a) => to.includes(a));
      if (axis === undefined || others.length > 0 || targets.length !== 1) continue;
      const [into] = targets;
      const before = (pair: Pair, axes: readonly number[], end: number) =>
        sizeOf(axes.filter((a) => a < end).map((a) => pair.exported.shape[a]));
      const after = (pair: Pair, axes: readonly number[], end: number) =>
        sizeOf(axes.filter((a) => a > end).map((a) => pair.exported.shape[a]));
      const inside = this.outerOf(node.inputs[0], axis);
      const behind = x.exported.shape[axis] / (inside * this.size);
      const start = before(x, from, axis) * inside;
      const rest = after(x, from, axis) * (Number.isInteger(behind) ? behind : 1);
      const newStart = before(y, to, into);
      if (start % newStart !== 0 || rest % after(y, to, into) !== 0) return what;
      outer.set(into, start / newStart);
    }
    this.outer.set(node.outputs[0], outer);
    return null;
  }

  /** A stored tensor of the exported size that takes the place of the batch axis. */
  private broadcasts(node: OnnxNode): string | null {
    const y = this.pair(node.outputs[0]);
    if (!y) return null;
    const lost = node.inputs.some((name) => {
      const x = this.pair(name);
      const lead = x ? y.given.shape.length - x.given.shape.length : 0;
      return x && batchAxes(x).some((a) => y.exported.shape[a + lead] === y.given.shape[a + lead]);
    });
    return lost ? `repeats the batch to the stored size ${showShape(y.given.shape)}` : null;
  }

  /** A sum over the batch divided by the number of elements that it had at the exported size. */
  private divides(node: OnnxNode): string | null {
    if (node.op !== "Div" && node.op !== "Mul") return null;
    const operands =
      node.op === "Div"
        ? [[0, 1]]
        : [
            [0, 1],
            [1, 0],
          ];
    for (const [sum, factor] of operands) {
      const count = this.sums.get(node.inputs[sum]);
      const known = this.pair(node.inputs[factor]);
      if (count === undefined || known?.given.known?.length !== 1) continue;
      const [a, b] = [known.exported.known?.[0], known.given.known[0]];
      if (a !== b || this.size === 1) continue;
      const divisor = node.op === "Div" ? b : 1 / b;
      if ([count, this.size].some((n) => Math.abs(divisor / n - 1) < 1e-6))
        return `divides a sum over the batch by the stored number ${Number(divisor.toPrecision(6))}`;
    }
    return null;
  }

  /** Stored bounds, indices or sizes that end within the batch axis. */
  private cuts(node: OnnxNode): string | null {
    const x = this.pair(node.inputs[0]);
    const y = this.pair(node.outputs[0]);
    if (!x || !y || x.given.known) return null;
    if (node.op === "Gather") return this.gathers(node, x);
    if (x.given.shape.length !== y.given.shape.length) return null;
    const bounds = node.op === "Slice" ? this.storedBounds(node) : null;
    for (const axis of batchAxes(x)) {
      const whole = x.exported.shape[axis];
      const [was, is] = [y.exported.shape[axis], y.given.shape[axis]];
      const fixed = `takes ${is} of ${x.given.shape[axis]} along the axis of the batch, ${was} of ${whole} when it was exported`;
      if (was === whole && is === was) return fixed;
      const proportional = was * x.given.shape[axis] === is * whole;
      if (!proportional && bounds?.some((b) => Math.abs(b) > 1 && Math.abs(b) < 2 ** 31 - 1)) return fixed;
    }
    return null;
  }

  private gathers(node: OnnxNode, x: Pair): string | null {
    const given = node.attributes.number("axis", 0);
    const axis = given < 0 ? given + x.given.shape.length : given;
    const indices = this.pair(node.inputs[1]);
    if (!batchAxes(x).includes(axis) || !indices?.given.known) return null;
    if (indices.exported.known?.join() !== indices.given.known.join()) return null;
    const count = indices.given.known.length;
    return count > 1 || count === x.exported.shape[axis]
      ? `picks ${count} stored position${count === 1 ? "" : "s"} along the axis of the batch`
      : null;
  }

  /** The bounds of a Slice that do not follow the batch size. */
  private storedBounds(node: OnnxNode): number[] {
    const attributes = ["starts", "ends"].flatMap((name) => [...(node.attributes.numbers(name) ?? [])]);
    const inputs = [1, 2].flatMap((i) => {
      const bound = this.pair(node.inputs[i]);
      const known = bound?.given.known ?? [];
      return known.filter((b, k) => b === bound?.exported.known?.[k]);
    });
    return [...attributes, ...inputs];
  }
}

/** The axes whose sizes differ between the two runs. */
const batchAxes = ({ exported, given }: Pair): number[] =>
  given.shape.flatMap((n, axis) => (n === exported.shape[axis] ? [] : [axis]));

const sameSizes = (a: Pair, axisA: number, b: Pair, axisB: number): boolean =>
  a.exported.shape[axisA] === b.exported.shape[axisB] && a.given.shape[axisA] === b.given.shape[axisB];

/** Runs of axes of x that a Reshape turns into runs of axes of y, at both sizes alike. */
function segments(x: Pair, y: Pair): { from: number[]; to: number[] }[] {
  const found: { from: number[]; to: number[] }[] = [];
  let from: number[] = [];
  let to: number[] = [];
  const product = (pair: Pair, axes: readonly number[]) => [
    sizeOf(axes.map((a) => pair.exported.shape[a])),
    sizeOf(axes.map((a) => pair.given.shape[a])),
  ];
  let [i, j] = [0, 0];
  const [rankX, rankY] = [x.given.shape.length, y.given.shape.length];
  while (i < rankX || j < rankY) {
    const [px, py] = [product(x, from), product(y, to)];
    if (from.length > 0 && to.length > 0 && px.join() === py.join()) {
      found.push({ from, to });
      [from, to] = [[], []];
    }
    // The run with fewer elements grows, so that both meet as early as they can.
    const growX = j >= rankY || (i < rankX && px[1] <= py[1]);
    if (from.length === 0 && i < rankX) from.push(i++);
    else if (to.length === 0 && j < rankY) to.push(j++);
    else if (growX) from.push(i++);
    else to.push(j++);
  }
  return [...found, { from, to }];
}
