import { add, mul, type Traced } from "../../engine/lang/index.js";

/** The gradient with that of ½λ‖w‖² added, as PyTorch's `weight_decay`. */
export const withDecay = (gradient: Traced, parameter: Traced, weightDecay: number): Traced =>
  weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
