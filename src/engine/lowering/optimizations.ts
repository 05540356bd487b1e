import type { Device } from "../runtime/device.js";

/**
 * Faster ways to compute, each of which can be switched off. Results with any choice of them agree
 * within rounding.
 */
export interface Optimizations {
  /**
   * 3×3 convolutions in float32 by Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016).
   */
  readonly winograd: boolean;
  /**
   * Winograd for the backward pass: convolutions with a reversed kernel, and gradients of kernels.
   */
  readonly winogradGradients: boolean;
  /** Other convolutions as matrix products of images that are stored channels last. */
  readonly rows: boolean;
  /**
   * Weight gradients, whose kernel is larger than their result, as matrix products. When off, ONNX
   * Conv is used.
   */
  readonly columns: boolean;
  /**
   * Depthwise convolutions in float32 by blocked kernels, which are operators of ONNX Runtime alone
   * and exist on some devices only. `contrib` must be on as well.
   */
  readonly blocked: boolean;
  /**
   * Convolutions whose kernel holds one number per output as a sum over the window times this
   * number.
   */
  readonly constantKernels: boolean;
  /** A choice between a value and zero as a product with a mask of 0 and 1. */
  readonly masks: boolean;
  /** Factors and offsets per channel are combined before they are applied to a large tensor. */
  readonly linearForms: boolean;
  /** Sums of a few long rows as matrix products with ones. */
  readonly rowSums: boolean;
  /** Operands of elementwise operators are not repeated along short inner axes. */
  readonly longRuns: boolean;
  /**
   * Shapes are hidden from ONNX Runtime, so that it releases the memory of values that are no
   * longer needed.
   */
  readonly promptRelease: boolean;
  /**
   * Operators of ONNX Runtime that standard ONNX lacks. When off, the file runs wherever ONNX runs.
   */
  readonly contrib: boolean;
}

/** All optimizations. */
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
  longRuns: true,
  promptRelease: true,
  contrib: true,
};

/** Every operation by its plain rule. Tests check optimized graphs against these. */
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
  longRuns: false,
  promptRelease: false,
  contrib: false,
};

/**
 * As few nodes as a person would write, and ONNX Conv for every convolution. Exported models use
 * this.
 */
export const READABLE: Optimizations = { ...PLAIN, columns: false };

/**
 * Optimizations that are off by default on each device. Blocked kernels exist on the CPU only, and
 * ReduceSum is slow on the CPU only. WebGPU has no FusedMatMul, so a graph with it would go back
 * and forth to the CPU. Winograd saves multiplications but passes over memory more often, which
 * does not pay on WebGPU: VGG-11's gradient takes twice as long with it (software Vulkan).
 */
export const WITHOUT: Readonly<Record<Device, Partial<Optimizations>>> = {
  cpu: {},
  cuda: { blocked: false, rowSums: false },
  webgpu: { blocked: false, rowSums: false, contrib: false, winograd: false, winogradGradients: false },
};
