import { type Attribute, Attributes, type Initializer, type OnnxNode } from "../model.js";

/** Standard nodes in place of one node, with the constants that they read. */
interface Expansion {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly Initializer[];
}

/** Makes a constant of a graph. */
type MakeConstant = (name: string, type: "float32" | "int64", values: readonly number[]) => Initializer;

/** ε of the fused operators where the file does not say. */
const FUSED_EPSILON = 1e-12;

/**
 * Writes the normalizations that ONNX Runtime's optimizer fuses (domain com.microsoft) as nodes of
 * ONNX itself, so that they are found and measured like any other. Returns null for all other
 * nodes.
 */
export function expandMicrosoftNorm(node: OnnxNode, constant: MakeConstant): Expansion | null {
  if (node.domain !== "com.microsoft") return null;
  switch (node.op) {
    case "LayerNormalization":
    case "SimplifiedLayerNormalization":
    case "RMSNormalization":
      return { nodes: [{ ...node, domain: "" }], constants: [] };
    case "SkipLayerNormalization":
      return skipNorm(node, "LayerNormalization");
    case "SkipSimplifiedLayerNormalization":
      return skipNorm(node, "SimplifiedLayerNormalization");
    case "GroupNorm":
      return groupNorm(node, constant);
    default:
      return null;
  }
}

const numbers = (entries: Readonly<Record<string, number | readonly number[]>>): Attributes =>
  new Attributes(
    new Map(
      Object.entries(entries).map(([name, value]): [string, Attribute] => [
        name,
        typeof value === "number" ? { kind: "number", value } : { kind: "numbers", value },
      ]),
    ),
  );

/** norm(input + skip + bias); the sum is the output after mean and 1/σ. */
function skipNorm(node: OnnxNode, op: string): Expansion {
  const [input, skip, gamma, ...rest] = node.inputs as [string, string, string, ...string[]];
  const centred = op === "LayerNormalization";
  const [beta, bias] = centred ? rest : [undefined, rest[0]];
  const [output, mean = "", inverse = "", total] = node.outputs as [string, string?, string?, string?];
  const scope = node.name;
  const sum = total || `${output}/sum`;
  const skipped = bias ? `${output}/skipped` : sum;
  const add = (inputs: string[], to: string): OnnxNode => ({
    ...node,
    name: `${scope}/Add`,
    op: "Add",
    domain: "",
    inputs,
    outputs: [to],
    attributes: numbers({}),
  });
  return {
    nodes: [
      add([input, skip], skipped),
      ...(bias ? [add([skipped, bias], sum)] : []),
      {
        ...node,
        op,
        domain: "",
        inputs: [sum, gamma, ...(beta ? [beta] : [])],
        outputs: [output, mean, inverse],
        attributes: numbers({ axis: -1, epsilon: node.attributes.number("epsilon", FUSED_EPSILON) }),
      },
    ],
    constants: [],
  };
}

/** Group normalization of [N, …, C] or [N, C, …], and SiLU after it where the node asks for it. */
function groupNorm(node: OnnxNode, constant: MakeConstant): Expansion {
  const [input, gamma, beta] = node.inputs as [string, string, string];
  const [output] = node.outputs;
  const groups = node.attributes.number("groups", 1);
  const last = node.attributes.number("channels_last", 1) === 1;
  const silu = node.attributes.number("activation", 0) === 1;
  const named = (part: string) => `${output}/${part}`;
  const step = (
    op: string,
    inputs: readonly string[],
    to: string,
    attributes: Parameters<typeof numbers>[0] = {},
  ): OnnxNode => ({
    ...node,
    name: `${node.name}/${op}`,
    op,
    domain: "",
    inputs,
    outputs: [to],
    attributes: numbers(attributes),
  });
  const x = last ? named("first") : input;
  const normalized = last || silu ? named("normalized") : output;
  const back = silu && last ? named("back") : last ? output : normalized;
  return {
    constants: [
      constant(named("split"), "int64", [0, groups, -1]),
      constant(named("ones"), "float32", new Array(groups).fill(1)),
      constant(named("zeros"), "float32", new Array(groups).fill(0)),
      constant(named("axes"), "int64", [1, 2]),
    ],
    nodes: [
      ...(last ? [step("Transpose", [input], x, { perm: [0, 3, 1, 2] })] : []),
      step("Shape", [x], named("shape")),
      step("Reshape", [x, named("split")], named("groups")),
      step("InstanceNormalization", [named("groups"), named("ones"), named("zeros")], named("standard"), {
        epsilon: node.attributes.number("epsilon", 1e-5),
      }),
      step("Reshape", [named("standard"), named("shape")], named("joined")),
      step("Unsqueeze", [gamma, named("axes")], named("gamma")),
      step("Mul", [named("joined"), named("gamma")], named("scaled")),
      step("Unsqueeze", [beta, named("axes")], named("beta")),
      step("Add", [named("scaled"), named("beta")], normalized),
      ...(last ? [step("Transpose", [normalized], back, { perm: [0, 2, 3, 1] })] : []),
      ...(silu ? [step("Sigmoid", [back], named("gate")), step("Mul", [back, named("gate")], output)] : []),
    ],
  };
}
