import type { Traced } from "../../engine/lang/index.js";
import type { LinearOp } from "../../measure/linear-op.js";
import type { Tap, TracedStandardization } from "../../measure/taps.js";
import type { Probe } from "../../nn/probe.js";
import type { GroupLayout } from "../../theory/index.js";

/** A norm layer in one pass, with the traced values at its standardization. */
export interface ProbedNorm extends TracedStandardization {
  /** The layer's name, followed by ` (pass)` where the pass has a name. */
  readonly name: string;
  readonly layout: GroupLayout;
  /** Whether the norm subtracts a mean. */
  readonly centred: boolean;
  readonly epsilon: number;
}

/**
 * A probe that adds a tap before and after every chosen standardization and appends the layer to
 * `probed`. It passes over norms that block nothing.
 */
export function normProbe(
  pass: string | undefined,
  {
    chosen,
    tap,
    probed,
  }: { readonly chosen: (layer: string) => boolean; readonly tap: Tap; readonly probed: ProbedNorm[] },
): Probe {
  const madeBy = new Map<Traced, LinearOp>();
  const linearOps = new Map<Traced, LinearOp | null>();
  const nameOf = (layer: string) => (pass === undefined ? layer : `${layer} (${pass})`);
  return {
    linear: (output, op) => void madeBy.set(output, op),
    entering: (layer, norm, x) => {
      if (!chosen(nameOf(layer)) || norm.blocks(x.shape) === null) return x;
      const tapped = tap(x);
      // The slope of a corrected norm is unknown, so ΔW_open is unknown too.
      linearOps.set(tapped, norm.corrected ? null : (madeBy.get(x) ?? null));
      return tapped;
    },
    standardized: (layer, norm, x, y) => {
      const linearOp = linearOps.get(x);
      const blocked = norm.blocks(x.shape);
      if (linearOp === undefined || blocked === null) return y;
      const { layout, ones: centred } = blocked;
      const { epsilon } = norm;
      probed.push({ name: nameOf(layer), layout, centred, epsilon, x, y, sigma: null, linearOp });
      return tap(y);
    },
  };
}
