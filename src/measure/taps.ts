import type { DType } from "../base/tensor.js";
import { add, dtypeOf, full, type Traced } from "../engine/lang/index.js";
import type { Below, Hooks, OpenedModel, Results } from "../onnx/index.js";

/**
 * Taps: zeros added to values inside a model, so that the gradient with respect to a tap is the gradient at
 * that place, on that edge alone. After the standardization phase a tap yields G = ∂L/∂y, before it ∂L/∂x,
 * on the affine parameters ∂L/∂γ and ∂L/∂β of this use of them.
 */

type Place = "input" | "output" | "scale" | "bias";

interface Tap {
  readonly layer: number;
  readonly place: Place;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** What one forward pass through the tapped model leaves for the measurement. */
export interface TappedPass {
  readonly outputs: Results["outputs"];
  /** Per layer: y, σ (broadcastable against y) and the linear op below. */
  readonly standardized: Traced[];
  readonly sigmas: Traced[];
  readonly below: readonly (Below | null)[];
}

export class Taps {
  private constructor(
    private readonly opened: OpenedModel,
    private readonly params: Traced[],
    private readonly inputs: Map<string, Traced>,
    private readonly taps: readonly Tap[],
  ) {}

  /** Walks the model once to learn the tap shapes; what that pass computes is unused and never compiled. */
  static place(opened: OpenedModel, params: Traced[], inputs: Map<string, Traced>): Taps {
    const taps: Tap[] = [];
    const note = (place: Place) => (layer: number, x: Traced) => {
      taps.push({ layer, place, shape: x.shape, dtype: dtypeOf(x) });
      return x;
    };
    opened.forward(params, inputs, {
      input: note("input"),
      standardized: note("output"),
      scale: note("scale"),
      bias: note("bias"),
    });
    return new Taps(opened, params, inputs, taps);
  }

  /** The zeros, in the order in which `forward` expects its taps. */
  zeros(): Traced[] {
    return this.taps.map(({ shape, dtype }) => full(shape, 0, dtype));
  }

  /** Runs the model with `values` added at the taps. */
  forward(values: readonly Traced[]): TappedPass {
    const standardized: Traced[] = [];
    const sigmas: Traced[] = [];
    const tap = (place: Place) => (layer: number, x: Traced) => add(x, values[this.indexOf(layer, place)]);
    const hooks: Partial<Hooks> = {
      input: tap("input"),
      scale: tap("scale"),
      bias: tap("bias"),
      standardized: (layer, y, sigma) => {
        standardized[layer] = y;
        sigmas[layer] = sigma;
        return tap("output")(layer, y);
      },
    };
    const { outputs, below } = this.opened.forward(this.params, this.inputs, hooks);
    return { outputs, below, standardized, sigmas };
  }

  /** The gradient at a tap, out of the gradients of all; null where the layer has no such place. */
  gradient(gradients: readonly Traced[], layer: number, place: Place): Traced | null {
    const index = this.indexOf(layer, place);
    return index < 0 ? null : gradients[index];
  }

  private indexOf(layer: number, place: Place): number {
    return this.taps.findIndex((tap) => tap.layer === layer && tap.place === place);
  }
}
