import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";
import type { AffineOperand, StatisticsAxes } from "../statistics.js";
import { affinePhaseAfter } from "./affine.js";
import type { NodePattern, PatternMatch } from "./pattern.js";
import { type RootOfVariance, rootOfVariance } from "./variance.js";

/** Which standardizations a pattern accepts. */
export interface StandardizationForm {
  /** True: (x − mean x)/√(mean((x − mean x)²) + ε). False: x/√(mean x² + ε). */
  readonly subtractsMean: boolean;
  /** Whether statistics over these axes belong to the kind. Sorted, as written in the file. */
  over(axes: readonly number[]): boolean;
}

/**
 * A standardization written out in arithmetic nodes, with its affine phase. PyTorch writes layer
 * normalization this way before opset 17; flows, TensorFlow and Flax write batch normalization so.
 * The variance may be biased or not, E[x²] − E[x]² or the mean square deviation; γ may be folded
 * into 1/σ, and β − μ·γ/σ may be one term.
 */
export const standardizationByHand = ({ subtractsMean, over }: StandardizationForm): NodePattern => ({
  startsAt: ["Sqrt", "Pow"],
  match(node, index) {
    const root = rootOfVariance(node, index);
    return root && root.subtractsMean === subtractsMean && over(root.axes) ? matchFrom(root, index) : null;
  },
});

/** Follows x, μ and σ forward to the node that completes the standardization. */
function matchFrom(root: RootOfVariance, index: GraphIndex): PatternMatch | null {
  const follower = new Follower(root, index);
  const end = follower.end();
  if (!end) return null;
  const { node, scale, bias } = end;
  const affine = bias
    ? { output: node.outputs[0], scale: null, bias: null, nodes: [] }
    : affinePhaseAfter(node.outputs[0], index, { scaled: scale !== null });
  return {
    statistics: statisticsOver(root.axes),
    epsilon: root.epsilon,
    deviation: root.deviation,
    input: root.input,
    output: affine.output,
    scale: scale ?? affine.scale,
    bias: bias ?? affine.bias,
    nodes: inFileOrder(index, [...root.nodes, ...end.nodes, ...affine.nodes]),
  };
}

/** One product: ± (x, μ or 1) · σ^−inverse · the stored values `scales`. */
interface Term {
  readonly base: "x" | "mean" | "one";
  readonly inverse: number;
  readonly sign: 1 | -1;
  readonly scales: readonly string[];
  /** Whether a scale changed its shape after it was multiplied: it has one number per channel. */
  readonly moved: boolean;
}

interface Form {
  readonly terms: readonly Term[];
  /** The nodes that compute the value from x, μ and σ. */
  readonly nodes: ReadonlySet<OnnxNode>;
}

/** The end of a standardization: its last node, and γ and β where they are folded in. */
interface End {
  readonly node: OnnxNode;
  readonly nodes: ReadonlySet<OnnxNode>;
  readonly scale: AffineOperand | null;
  readonly bias: AffineOperand | null;
}

const casts = new Set(["Identity", "Cast"]);
const shapeChanges = new Set(["Identity", "Cast", "Reshape", "Unsqueeze", "Squeeze", "Expand"]);

/** Computes the form of every value that depends on x, μ and σ alone. */
class Follower {
  private readonly forms = new Map<string, Form>();

  constructor(
    private readonly root: RootOfVariance,
    private readonly index: GraphIndex,
  ) {
    const none: ReadonlySet<OnnxNode> = new Set();
    // The file may read x before or after a cast.
    for (const name of [root.input, index.source(root.input, casts)])
      this.forms.set(name, { terms: [term("x")], nodes: none });
    for (const [mean, nodes] of root.means)
      this.forms.set(mean, { terms: [term("mean")], nodes: new Set(nodes) });
    const inverse = root.isInverse ? 1 : -1;
    this.forms.set(root.value, { terms: [{ ...term("one"), inverse }], nodes: none });
  }

  end(): End | null {
    for (const node of this.index.graph.nodes) {
      const [output] = node.outputs;
      if (node.domain !== "" || this.forms.has(output)) continue;
      const form = this.formOf(node);
      if (!form || form.terms.length > 3) continue;
      const end = this.completed(node, form);
      if (end) return end;
      this.forms.set(output, form);
    }
    return null;
  }

  private formOf(node: OnnxNode): Form | null {
    const [a, b] = node.inputs.slice(0, 2).map((name) => this.operand(name));
    if (!a || (!a.own && !b?.own)) return null;
    const with_ = (terms: readonly Term[] | null): Form | null =>
      terms && { terms, nodes: new Set([...a.form.nodes, ...(b?.form.nodes ?? []), node]) };
    if (shapeChanges.has(node.op)) {
      if (casts.has(node.op)) return with_(a.form.terms);
      // Only statistics change their shape: x must keep its own.
      if (a.form.terms.some(({ base }) => base === "x")) return null;
      return with_(a.form.terms.map((t) => ({ ...t, moved: t.moved || t.scales.length > 0 })));
    }
    if (node.op === "Reciprocal") return with_(inverted(a.form.terms));
    if (node.op === "Neg") return with_(negated(a.form.terms));
    if (!b) return null;
    const { terms: left } = a.form;
    const { terms: right } = b.form;
    switch (node.op) {
      case "Add":
        return with_([...left, ...right]);
      case "Sub":
        return with_([...left, ...negated(right)]);
      case "Mul":
        return with_(product(left, right) ?? product(right, left));
      case "Div": {
        const divisor = inverted(right);
        return with_(divisor && product(left, divisor));
      }
      default:
        return null;
    }
  }

  /** The form of an operand, and whether it depends on x; null for other data. */
  private operand(name: string): { form: Form; own: boolean } | null {
    const known = this.forms.get(name);
    if (known) return { form: known, own: true };
    if (!name || this.index.dependsOnData(name)) return null;
    const isOne = this.index.scalar(name) === 1;
    return {
      form: { terms: [{ ...term("one"), scales: isOne ? [] : [name] }], nodes: new Set() },
      own: false,
    };
  }

  private completed(node: OnnxNode, { terms, nodes }: Form): End | null {
    const of = (base: Term["base"]) => terms.filter((t) => t.base === base);
    const [[x, ...moreX], means, [one, ...moreOnes]] = [of("x"), of("mean"), of("one")];
    if (x?.inverse !== 1 || x.sign !== 1 || x.scales.length > 1 || moreX.length > 0) return null;
    if (moreOnes.length > 0 || (one && (one.inverse !== 0 || one.sign !== 1 || one.scales.length !== 1)))
      return null;
    if (this.root.subtractsMean) {
      const [mean, ...others] = means;
      if (!mean || others.length > 0 || mean.inverse !== 1 || mean.sign !== -1) return null;
      if (mean.scales.join() !== x.scales.join()) return null;
    } else if (means.length > 0) return null;
    return { node, nodes, scale: operandOf(x), bias: one ? operandOf(one) : null };
  }
}

const term = (base: Term["base"]): Term => ({ base, inverse: 0, sign: 1, scales: [], moved: false });

const operandOf = ({ scales: [value], moved }: Term): AffineOperand | null =>
  value === undefined ? null : { value, per: moved ? "channel" : "element" };

const negated = (terms: readonly Term[]): Term[] => terms.map((t) => ({ ...t, sign: t.sign === 1 ? -1 : 1 }));

/** 1/σ or σ from one power of σ; null for other forms. */
function inverted(terms: readonly Term[]): Term[] | null {
  const [only, ...others] = terms;
  if (!only || others.length > 0 || only.base !== "one" || only.scales.length > 0) return null;
  return [{ ...only, inverse: -only.inverse }];
}

/** The product of a sum with a single factor that holds neither x nor μ. */
function product(terms: readonly Term[], factor: readonly Term[]): Term[] | null {
  const [only, ...others] = factor;
  if (!only || others.length > 0 || only.base !== "one") return null;
  return terms.map((t) => ({
    base: t.base,
    inverse: t.inverse + only.inverse,
    sign: t.sign === only.sign ? 1 : -1,
    scales: [...t.scales, ...only.scales].sort(),
    moved: t.moved || only.moved,
  }));
}

/** Axes that are the last ones of x as "trailing"; any others as the list. */
function statisticsOver(axes: readonly number[]): StatisticsAxes {
  const trailing = axes.every((a, i) => a === i - axes.length);
  return trailing ? { over: "trailing", axis: axes[0] } : { over: "axes", axes };
}

function inFileOrder(index: GraphIndex, nodes: readonly OnnxNode[]): OnnxNode[] {
  const members = new Set(nodes);
  return index.graph.nodes.filter((n) => members.has(n));
}
