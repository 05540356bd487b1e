import type { OnnxNode } from "../model.js";

export type NormKind = "batch" | "layer" | "instance" | "group" | "rms";

/** Which elements of x [N, C, …] share one mean and variance. */
export type Statistics =
  /** all elements of a channel */
  | { readonly over: "batch" }
  /** the positions of one channel of one sample */
  | { readonly over: "positions" }
  /** the channels and positions of one group of channels of one sample */
  | { readonly over: "groups"; readonly groups: number }
  /** all axes from `axis` on */
  | { readonly over: "trailing"; readonly axis: number }
  /** the listed axes */
  | { readonly over: "axes"; readonly axes: readonly number[] };

/** Scale or bias of the affine phase, and how its vector lies against x. */
export interface AffineOperand {
  readonly value: string;
  /** One number per channel, one per group, or already of a shape that broadcasts against x. */
  readonly per: "channel" | "group" | "element";
}

/** What a normalization computes: y = (x − μ)/√(v + ε) (or x/√(mean x² + ε)), then scale·y + bias. */
export interface NormSpec {
  readonly kind: NormKind;
  readonly statistics: Statistics;
  /** False for RMS normalization, which subtracts no mean. */
  readonly centred: boolean;
  readonly epsilon: number;
  /** Names of values. */
  readonly input: string;
  readonly output: string;
  readonly scale: AffineOperand | null;
  readonly bias: AffineOperand | null;
}

/** A normalization layer found in a model. */
export interface NormLayer extends NormSpec {
  /** What the user knows the layer by; unique in the model. */
  readonly name: string;
  /** ONNX op, or the op that the nodes together amount to: `LayerNormalization (decomposed)`. */
  readonly op: string;
  /** How the file runs the layer. Only batch normalization has an evaluation mode. */
  readonly mode: "training" | "evaluation";
  /** Which of scale and bias are parameters, rather than the ones and zeros of a layer that has none. */
  readonly affine: { readonly scale: boolean; readonly bias: boolean };
  /** The nodes that compute the layer, in file order; the last one writes `output`. */
  readonly nodes: readonly OnnxNode[];
}

/** A layer before it has a unique name. */
export type NormMatch = Omit<NormLayer, "name" | "affine">;

/** The normalization that a single node computes, or null if the node is something else. */
export function specOfNode(node: OnnxNode, opset: number): NormSpec | null {
  const describe = specs[node.op];
  if (!describe || node.domain !== "") return null;
  const { per, ...rest } = describe(node, opset);
  const operand = (name: string | undefined): AffineOperand | null => (name ? { value: name, per } : null);
  return {
    ...rest,
    epsilon: node.attributes.number("epsilon", 1e-5),
    input: node.inputs[0],
    output: node.outputs[0],
    scale: operand(node.inputs[1]),
    bias: rest.centred ? operand(node.inputs[2]) : null,
  };
}

type Description = Pick<NormSpec, "kind" | "statistics" | "centred"> & {
  readonly per: AffineOperand["per"];
};

const trailing = (node: OnnxNode): Statistics => ({
  over: "trailing",
  axis: node.attributes.number("axis", -1),
});

const rms = (node: OnnxNode): Description => ({
  kind: "rms",
  statistics: trailing(node),
  centred: false,
  per: "element",
});

const specs: Readonly<Record<string, (node: OnnxNode, opset: number) => Description>> = {
  BatchNormalization: () => ({
    kind: "batch",
    statistics: { over: "batch" },
    centred: true,
    per: "channel",
  }),
  InstanceNormalization: () => ({
    kind: "instance",
    statistics: { over: "positions" },
    centred: true,
    per: "channel",
  }),
  LayerNormalization: (node) => ({
    kind: "layer",
    statistics: trailing(node),
    centred: true,
    per: "element",
  }),
  // The scale was one number per group in opset 18 and is one per channel since 21.
  GroupNormalization: (node, opset) => ({
    kind: "group",
    statistics: { over: "groups", groups: node.attributes.number("num_groups", 1) },
    centred: true,
    per: opset < 21 ? "group" : "channel",
  }),
  RMSNormalization: rms,
  SimplifiedLayerNormalization: rms,
};
