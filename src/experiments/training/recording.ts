import type { Tensor } from "../../base/tensor.js";
import {
  add,
  dtypeOf,
  full,
  mul,
  reciprocal,
  sqrt,
  square,
  sub,
  type Traced,
  valueAndGrad,
} from "../../engine/lang/index.js";
import { groupMean } from "../../measure/group-mean.js";
import { weightGram } from "../../measure/weight-products.js";
import type { Blocked } from "../../nn/norms/index.js";
import type { LinearUse, Probe } from "../../nn/probe.js";
import {
  BlockedSharesAccumulator,
  type GroupLayout,
  weightLoss,
  weightSumsFromGram,
} from "../../theory/index.js";
import type { ProbedValueAndGrad } from "./procedure.js";

/** Where the results of one norm layer in one pass stand among `Recording.outputs`. */
interface RecordedLayer {
  readonly name: string;
  readonly layout: GroupLayout;
  readonly centred: boolean;
  /** y and G = ∂L/∂y. */
  readonly y: number;
  readonly cotangent: number;
  /** Inner products of ΔW_actual and ΔW_first + ΔW_diag; null where no linear op lies right below, and for batch renorm. */
  readonly gram: number | null;
}

/** A norm layer met in a pass, with the values that belong to it. */
interface Met {
  readonly name: string;
  readonly blocked: Blocked;
  readonly epsilon: number;
  readonly x: Traced;
  readonly y: Traced;
  readonly below: LinearUse | null;
}

/**
 * Makes a training step record what its norm layers block. Zeros are added to x before and to y after each
 * standardization phase, which leaves the step as it is; the gradients there are ∂L/∂x and G = ∂L/∂y, and what would
 * reach x if the statistics were constants is G/σ. Layers whose norm blocks nothing are passed over.
 */
export class Recording {
  /** What the step returns beside its own results. */
  readonly outputs: Traced[] = [];
  readonly layers: RecordedLayer[] = [];

  /** Records the layers with a name for which `chosen` holds: the norm's, and where the pass has one, ` (pass)`. */
  constructor(private readonly chosen: (layer: string) => boolean) {}

  readonly valueAndGrad: ProbedValueAndGrad = (f, parameters) => {
    const places: Traced[] = [];
    const note = (x: Traced): Traced => {
      places.push(x);
      return x;
    };
    // Once to learn the shapes of the taps: what this pass computes is unused and never compiled.
    f([...parameters], (pass) => this.probe(pass, note, []));
    const taps = places.map((x) => full(x.shape, 0, dtypeOf(x)));

    const met: Met[] = [];
    let own = 0;
    const { value, aux, grads } = valueAndGrad(
      (...values) => {
        const zeros = values.slice(parameters.length);
        const tap = (x: Traced) => add(x, zeros.shift()!);
        const { value, aux } = f(values.slice(0, parameters.length), (pass) => this.probe(pass, tap, met));
        own = aux.length;
        return { value, aux: [...aux, ...met.flatMap(valuesOf)] };
      },
      [...parameters, ...taps],
    );
    const cotangents = grads.slice(parameters.length);
    const rest = aux.slice(own);
    for (const layer of met) {
      const [atX, atY] = cotangents.splice(0, 2) as [Traced, Traced];
      this.record(withValues(layer, rest.splice(0, valuesOf(layer).length)), atX, atY);
    }
    return { value, aux: aux.slice(0, own), grads: grads.slice(0, parameters.length) };
  };

  /** A probe that puts `tap` before and after every chosen standardization and notes the layer in `met`. */
  private probe(pass: string | undefined, tap: (x: Traced) => Traced, met: Met[]): Probe {
    const linear = new Map<Traced, LinearUse>();
    const below = new Map<Traced, LinearUse | null>();
    const nameOf = (layer: string) => (pass === undefined ? layer : `${layer} (${pass})`);
    return {
      linear: (output, use) => void linear.set(output, use),
      entering: (layer, norm, x) => {
        if (!this.chosen(nameOf(layer)) || norm.blocks(x.shape) === null) return x;
        const tapped = tap(x);
        // Of a corrected norm the slope is not known, so not what the weights would get if statistics were constants.
        below.set(tapped, norm.corrected ? null : (linear.get(x) ?? null));
        return tapped;
      },
      standardized: (layer, norm, x, y) => {
        const use = below.get(x);
        if (use === undefined) return y;
        const name = nameOf(layer);
        met.push({ name, blocked: norm.blocks(x.shape)!, epsilon: norm.epsilon, x, y, below: use });
        return tap(y);
      },
    };
  }

  private record({ name, blocked, epsilon, x, y, below }: Met, actual: Traced, cotangent: Traced): void {
    const { layout, ones } = blocked;
    const put = (value: Traced) => this.outputs.push(value) - 1;
    let gram: number | null = null;
    if (below !== null) {
      const centred = ones ? sub(x, groupMean(x, layout)) : x;
      const variance = groupMean(square(centred), layout);
      const open = mul(cotangent, reciprocal(sqrt(add(variance, epsilon))));
      gram = put(weightGram(below, [actual, sub(open, actual)]));
    }
    this.layers.push({ name, layout, centred: ones, y: put(y), cotangent: put(cotangent), gram });
  }
}

/** Values made inside a differentiated function leave it as auxiliary values, in this order … */
const valuesOf = ({ x, y, below }: Met): Traced[] => [
  x,
  y,
  ...(below ? [below.value, ...below.operands] : []),
];

/** … and come back in it. */
function withValues(met: Met, [x, y, value, ...operands]: readonly Traced[]): Met {
  return { ...met, x: x, y: y, below: met.below && { ...met.below, value: value, operands } };
}

/**
 * The numbers of a recorded step: `blocked/layer`, `first/layer` and `diag/layer` as shares of the gradient energy, and
 * `removed/layer` and `kept/layer` of the weights below (docs/theory.md, section 6). In float64 from y and G.
 */
export function recordedNumbers(
  layers: readonly RecordedLayer[],
  outputs: readonly Tensor[],
): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const { name, layout, centred, y, cotangent, gram } of layers) {
    const floats = (at: number) => outputs[at].data as Float32Array;
    const accumulator = new BlockedSharesAccumulator(layout, { centred });
    accumulator.add(floats(y), floats(cotangent));
    const { energy, first, diag } = accumulator.result().total;
    const share = (part: number) => (energy === 0 ? 0 : part / energy);
    numbers[`blocked/${name}`] = share(first + diag);
    numbers[`first/${name}`] = share(first);
    numbers[`diag/${name}`] = share(diag);
    if (gram === null) continue;
    const { removed, kept } = weightLoss(weightSumsFromGram(floats(gram)));
    numbers[`removed/${name}`] = removed;
    numbers[`kept/${name}`] = kept;
  }
  return numbers;
}
