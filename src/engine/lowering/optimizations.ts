import type { Device } from "../runtime/runtime.js";

/**
 * The ways of computing something faster than by the plain rule. Each can be switched off; results agree
 * within rounding whichever are on.
 */
export interface Optimizations {
  /** 3×3 convolutions by Winograd's minimal filtering F(2×2, 3×3), float32 only. */
  readonly winograd: boolean;
  /** The same for the convolutions of a backward pass: those with a reversed kernel, and the gradients of kernels. */
  readonly winogradGradients: boolean;
  /** Other convolutions as matrix products over rows of channels, stored channels last. */
  readonly rows: boolean;
  /** Convolutions whose kernel is larger than their result as matrix products, without which ONNX's Conv takes them. */
  readonly columns: boolean;
  /**
   * Depthwise convolutions by blocked kernels that ONNX Runtime keeps to itself, float32 only. Not part of any standard, and not
   * on every device: `contrib` must be on as well.
   */
  readonly blocked: boolean;
  /** Kernels that hold one number per output leave the sum over channels and taps. */
  readonly constantKernels: boolean;
  /** Selections between a value and zero as products with a mask. */
  readonly masks: boolean;
  /** Factors and offsets per channel merged before they touch a big tensor. */
  readonly linearForms: boolean;
  /** Sums of a few long rows as products with ones. */
  readonly rowSums: boolean;
  /** Shapes hidden from ONNX Runtime where it would otherwise hold memory that nothing lives in. */
  readonly promptRelease: boolean;
  /** Operators of ONNX Runtime that standard ONNX lacks. Without them the file runs anywhere ONNX runs. */
  readonly contrib: boolean;
}

export const OPTIMIZED: Optimizations = {
  winograd: true,
  winogradGradients: true,
  rows: true,
  columns: true,
  blocked: true,
  constantKernels: true,
  masks: true,
  linearForms: true,
  rowSums: true,
  promptRelease: true,
  contrib: true,
};

/** Every operation by its plain rule: what the optimized graph is checked against. */
export const PLAIN: Optimizations = {
  winograd: false,
  winogradGradients: false,
  rows: false,
  columns: true,
  blocked: false,
  constantKernels: false,
  masks: false,
  linearForms: false,
  rowSums: false,
  promptRelease: false,
  contrib: false,
};

/** As few nodes as a reader would write: convolutions are always ONNX's. */
export const READABLE: Optimizations = { ...PLAIN, columns: false };

/**
 * What a device goes without unless told otherwise. Blocked kernels are those of the processor, and so is a slow ReduceSum. WebGPU
 * has no FusedMatMul, which would run on the processor, and trades multiplications for passes over memory badly: VGG-11's
 * gradient by software Vulkan takes twice as long with Winograd as without.
 */
export const WITHOUT: Readonly<Record<Device, Partial<Optimizations>>> = {
  cpu: {},
  cuda: { blocked: false, rowSums: false },
  webgpu: { blocked: false, rowSums: false, contrib: false, winograd: false, winogradGradients: false },
};
