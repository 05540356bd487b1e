import { add, mul, type Traced } from "../../engine/lang/index.js";

/** Adds the gradient of ½λ‖w‖² to a gradient, as `weight_decay` does in PyTorch. */
export const withDecay = (gradient: Traced, parameter: Traced, weightDecay: number): Traced =>
  weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
