import { UserError } from "../base/errors.js";
import { globMatcher } from "../base/glob.js";
import { GraphIndex } from "./graph-index.js";
import { Attributes, type OnnxModel, type OnnxNode } from "./model.js";

/** Domain of the nodes that blindspot adds to a graph. */
const DOMAIN = "blindspot";

/**
 * Makes values of a graph constants of differentiation. ONNX has no operator for that, so a loss
 * with `.detach()` is exported without it.
 *
 * @param model - A decoded model.
 * @param names - Names of values, or globs over them. `value>node` stops only what that node reads.
 * @returns The model in which the readers of these values see them through a stop.
 * @throws UserError where a name matches no value that depends on the data, or no reader of it.
 */
export function stopGradients(model: OnnxModel, names: readonly string[]): OnnxModel {
  const index = new GraphIndex(model);
  const values = [...new Set(model.nodes.flatMap((node) => node.outputs.filter(Boolean)))].filter((name) =>
    index.dependsOnData(name),
  );
  const stopped = new Map<string, (node: OnnxNode) => boolean>();
  for (const name of names) {
    const [value, reader] = name.split(">") as [string, string | undefined];
    const isReader = reader === undefined ? () => true : matcher(reader);
    const found = values.filter(matcher(value));
    const read = found.filter((v) => index.readers(v).some((node) => isReader(node.name)));
    if (read.length === 0)
      throw new UserError(
        `${model.path}: --stop-gradient: expected the name of a value between input and loss, got '${name}'; values are the outputs of nodes, such as ${values.slice(-3).join(", ")}`,
      );
    for (const v of read) stopped.set(v, (node) => isReader(node.name));
  }
  const through = (name: string) => `${name} (stopped)`;
  const nodes = model.nodes.flatMap((node) => {
    const inputs = node.inputs.map((name) => (stopped.get(name)?.(node) ? through(name) : name));
    const stops = node.outputs
      .filter((name) => stopped.has(name))
      .map((name) => ({
        name: through(name),
        op: "StopGradient",
        domain: DOMAIN,
        inputs: [name],
        outputs: [through(name)],
        attributes: new Attributes(),
      }));
    return [{ ...node, inputs }, ...stops];
  });
  return { ...model, nodes };
}

const matcher = (glob: string): ((name: string) => boolean) => {
  const matches = globMatcher(glob);
  return (name) => name === glob || matches(name);
};

const stepFunctions = new Set(["ArgMin", "ArgMax", "Round", "Sign", "Floor", "Ceil"]);

/**
 * Warns where a graph looks like a loss with a stopped gradient: functions without one between
 * input and loss, and z + (q − z), which passes q forward and the gradient of z backward.
 *
 * @param model - The model.
 * @param nodes - The nodes that the loss depends on.
 */
export function stopGradientWarnings(model: OnnxModel, nodes: readonly OnnxNode[]): string[] {
  if (model.nodes.some(({ domain }) => domain === DOMAIN)) return [];
  const index = new GraphIndex(model);
  const through = nodes.flatMap((node) => straightThrough(node, index) ?? []);
  const steps = nodes.filter(
    ({ op, domain, inputs }) => domain === "" && stepFunctions.has(op) && index.dependsOnData(inputs[0]),
  );
  if (through.length > 0)
    return [
      `the graph computes z + (q − z): if training detaches q − z, give --stop-gradient '${through[0]}', because ONNX files do not hold a stopped gradient`,
    ];
  if (steps.length > 0)
    return [
      `${steps.length} node(s) between input and loss have no gradient, such as ${steps[0].op} "${steps[0].name}": if training stops a gradient there (.detach()), give --stop-gradient <value>, because ONNX files do not hold it`,
    ];
  return [];
}

/** The name of q − z in z + (q − z); null for other nodes. */
function straightThrough({ op, inputs: [a, b] }: OnnxNode, index: GraphIndex): string | null {
  if (op !== "Add") return null;
  for (const [z, difference] of [
    [a, b],
    [b, a],
  ]) {
    const writer = index.writer(difference);
    if (writer?.op === "Sub" && writer.inputs[1] === z && index.dependsOnData(z)) return difference;
  }
  return null;
}
