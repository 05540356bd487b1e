import type { OnnxNode } from "../model.js";
import { groupNormByReshape } from "./patterns/group-norm.js";
import type { NodePattern } from "./patterns/pattern.js";
import { standardizationByHand } from "./patterns/standardization.js";
import type { AffineLayout, StatisticsAxes } from "./statistics.js";

/** Everything that blindspot knows about one kind of normalization in an ONNX file. */
export interface NormKindEntry {
  /**
   * Name of the ONNX operator. A report calls a match of several nodes `<operator> (decomposed)`.
   */
  readonly operator: string;
  /** The operators that compute this kind in one node, by ONNX name. */
  readonly operators: Readonly<Record<string, NormOperator>>;
  /** Ways to write this kind as several nodes. */
  readonly patterns: readonly NodePattern[];
  /**
   * Whether a mean is subtracted. True: the standardization blocks the directions 1 and y of each
   * group. False: it blocks y alone.
   */
  readonly centred: boolean;
  /** What one group belongs to. Reports list energies per channel, per sample or per group. */
  readonly groupedBy: "channel" | "sample" | "group";
  /**
   * Whether a group spans the samples of the batch. True: an audit of one sample says so, and
   * Taylor terms hold the statistics of these layers constant.
   */
  readonly acrossSamples: boolean;
  /** What a report recommends for a dim or blind layer. Full sentences. */
  readonly advice: string;
}

/** How one node computes a normalization: inputs are x, scale and, if centred, bias. */
export interface NormOperator {
  /** The axes that mean and variance are taken over. */
  statistics(node: OnnxNode): StatisticsAxes;
  /** How scale and bias lie against x. */
  affine(opset: number, node: OnnxNode): AffineLayout;
  /** Running statistics of the operator; null if it has none and always runs as in training. */
  readonly running: RunningStatistics | null;
}

/** Running statistics of an operator with an evaluation mode. */
export interface RunningStatistics {
  /** Which inputs hold the running mean and the running variance. */
  readonly meanInput: number;
  readonly varianceInput: number;
  /** Whether the file runs `node` with the statistics of the batch instead. */
  isTraining(node: OnnxNode, opset: number): boolean;
}

/** All axes from the attribute `axis` on. */
const overTrailingAxes = (node: OnnxNode): StatisticsAxes => ({
  over: "trailing",
  axis: node.attributes.number("axis", -1),
});

const isPerPosition = (node: OnnxNode): boolean => node.attributes.number("spatial", 1) === 0;

const overTheBatch = (axes: readonly number[]): boolean => axes.includes(0);

const rmsOperator: NormOperator = {
  statistics: overTrailingAxes,
  affine: () => "element",
  running: null,
};

/** Lets TypeScript infer the names of the kinds, and requires a complete entry for each. */
const table = <K extends string>(kinds: Readonly<Record<K, NormKindEntry>>) => kinds;

/**
 * The kinds of normalization that blindspot finds in ONNX files. To add a kind, add an entry: the
 * finder, the importer, the audit and its advice read this table.
 */
export const normKinds = table({
  batch: {
    operator: "BatchNormalization",
    operators: {
      BatchNormalization: {
        // Before opset 9, spatial=0 asks for statistics of every position.
        statistics: (node) => (isPerPosition(node) ? { over: "axes", axes: [0] } : { over: "batch" }),
        affine: (_, node) => (isPerPosition(node) ? "element" : "channel"),
        running: {
          meanInput: 3,
          varianceInput: 4,
          // Between opset 7 and 13 the node has no mode. It runs in training if it also writes
          // statistics.
          isTraining: (node, opset) => {
            if (opset < 7) return node.attributes.number("is_test", 0) === 0;
            return opset < 14
              ? node.outputs.filter(Boolean).length === 5
              : node.attributes.number("training_mode", 0) === 1;
          },
        },
      },
    },
    patterns: [standardizationByHand({ subtractsMean: true, over: overTheBatch })],
    centred: true,
    groupedBy: "channel",
    acrossSamples: true,
    advice:
      "Only the shift β and the scale γ of this layer learn from the hidden part. Whether that costs anything " +
      "depends on the batches: the features can do without it where every batch holds the same mixture.",
  },
  layer: {
    operator: "LayerNormalization",
    operators: {
      LayerNormalization: { statistics: overTrailingAxes, affine: () => "element", running: null },
    },
    patterns: [standardizationByHand({ subtractsMean: true, over: (axes) => !overTheBatch(axes) })],
    centred: true,
    groupedBy: "sample",
    acrossSamples: false,
    advice:
      "Layer normalization hides what the features of a sample share. RMS normalization, which subtracts no " +
      "mean, lets this first-order part through.",
  },
  instance: {
    operator: "InstanceNormalization",
    operators: {
      InstanceNormalization: {
        statistics: () => ({ over: "positions" }),
        affine: () => "channel",
        running: null,
      },
    },
    patterns: [],
    centred: true,
    groupedBy: "group",
    acrossSamples: false,
    advice:
      "Instance normalization hides any gradient that is constant over positions, such as the gradient below " +
      "global average pooling. Use group or layer normalization here, or pool before this layer.",
  },
  group: {
    operator: "GroupNormalization",
    operators: {
      GroupNormalization: {
        statistics: (node) => ({ over: "groups", groups: node.attributes.number("num_groups", 1) }),
        // Scale and bias have one number per group in opset 18, and one per channel since opset 21.
        affine: (opset) => (opset < 21 ? "group" : "channel"),
        running: null,
      },
    },
    patterns: [groupNormByReshape],
    centred: true,
    groupedBy: "group",
    acrossSamples: false,
    advice:
      "Group normalization hides what the positions of a group share. Use fewer groups, or layer normalization.",
  },
  rms: {
    operator: "RMSNormalization",
    operators: { RMSNormalization: rmsOperator, SimplifiedLayerNormalization: rmsOperator },
    // A division by the root mean square over the batch axis is no known kind; it gets a warning.
    patterns: [standardizationByHand({ subtractsMean: false, over: (axes) => !overTheBatch(axes) })],
    centred: false,
    groupedBy: "sample",
    acrossSamples: false,
    advice:
      "RMS normalization hides what is proportional to the activation of a sample. Remove the layer, or scale " +
      "its input by a constant instead, and audit again.",
  },
});

/** A kind of normalization: a key of the table `normKinds`. */
export type NormKind = keyof typeof normKinds;

/** The kinds with their entries, in the order of the table. */
export const normKindEntries = Object.entries(normKinds) as [NormKind, NormKindEntry][];

const operatorKinds: ReadonlyMap<string, NormKind> = new Map(
  normKindEntries.flatMap(([kind, { operators }]) => Object.keys(operators).map((op) => [op, kind])),
);

/** Every operator that computes a normalization in one node, by ONNX name. */
export const normOperators: readonly string[] = [...operatorKinds.keys()];

/**
 * Looks up the normalization that an ONNX operator computes.
 *
 * @returns Kind and operator, or null where `node` is no normalization.
 */
export function normOperatorOf(node: OnnxNode): { kind: NormKind; operator: NormOperator } | null {
  const kind = node.domain === "" ? operatorKinds.get(node.op) : undefined;
  return kind === undefined ? null : { kind, operator: normKinds[kind].operators[node.op] };
}
