import type { OnnxNode } from "../model.js";

/** The nodes of the linear op that feeds a normalization. */
export interface LinearOpNodes {
  /** Name of the weight, as the user knows it. */
  readonly weight: string;
  /** The linear node first, then additions of biases and changes of shape, in order. */
  readonly nodes: readonly OnnxNode[];
  /** Value that holds the weight as the linear node reads it. */
  readonly operand: string;
  /** Value that holds the data as the linear node reads it. */
  readonly data: string;
  /** Value that enters the normalization. */
  readonly result: string;
}
