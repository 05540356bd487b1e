/**
 * The ways of computing something faster than by the plain rule. Each can be switched off; results agree
 * within rounding whichever are on.
 */
export interface Optimizations {
  /** 3×3 convolutions and their gradients by Winograd's minimal filtering F(2×2, 3×3), float32 only. */
  readonly winograd: boolean;
  /** Other convolutions as matrix products over rows of channels, stored channels last. */
  readonly rows: boolean;
  /** Operators of ONNX Runtime that standard ONNX lacks. Without them the file runs anywhere ONNX runs. */
  readonly contrib: boolean;
}

export const OPTIMIZED: Optimizations = { winograd: true, rows: true, contrib: true };

/** Every operation by its plain rule: what the optimized graph is checked against. */
export const PLAIN: Optimizations = { winograd: false, rows: false, contrib: false };
