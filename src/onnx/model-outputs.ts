import { UserError } from "../base/errors.js";
import { GraphIndex } from "./graph-index.js";
import { Attributes, type OnnxModel, type ValueInfo } from "./model.js";
import { normOperatorOf } from "./norms/kinds.js";

/**
 * The outputs that a loss may look at. Exporters also list running statistics, which a training
 * step writes, among the outputs.
 */
export function lossOutputs(model: OnnxModel): readonly ValueInfo[] {
  const index = new GraphIndex(model);
  const isBuffer = ({ name }: ValueInfo): boolean => {
    const source = index.source(name, new Set(["Identity", "Cast"]));
    const writer = index.writer(source);
    if (!index.dependsOnData(source)) return true;
    return writer !== undefined && normOperatorOf(writer) !== null && writer.outputs[0] !== source;
  };
  const found = model.outputs.filter((output) => !isBuffer(output));
  return found.length > 0 ? found : model.outputs;
}

/**
 * Keeps the outputs that the user chose. Of several, each a loss, the sum becomes the output.
 *
 * @throws UserError where the model has no such output.
 */
export function chooseOutputs(model: OnnxModel, names: readonly string[]): OnnxModel {
  const chosen = names.map((name) => {
    const output = model.outputs.find((o) => o.name === name);
    if (!output)
      throw new UserError(
        `${model.path}: --model-output: expected an output of the model, got '${name}'; the outputs are ${model.outputs.map((o) => o.name).join(", ")}`,
      );
    return output;
  });
  const [only, ...others] = chosen;
  if (!only || others.length === 0) return { ...model, outputs: chosen };
  for (const { name, shape } of chosen)
    if (shape?.some((n) => typeof n !== "number" || n > 1))
      throw new UserError(
        `${model.path}: --model-output: expected one number from each of several outputs, whose sum is the loss, got '${name}' [${shape.join(", ")}]; name one output`,
      );
  const name = names.join(" + ");
  const terms = chosen.map((output, i) => ({ from: output.name, to: `${name}/${i}` }));
  const node = { domain: "", attributes: new Attributes() };
  return {
    ...model,
    nodes: [
      ...model.nodes,
      // [1] and [] are both one number.
      ...terms.map(({ from, to }) => ({
        ...node,
        op: "Squeeze",
        name: to,
        inputs: [from],
        outputs: [to],
      })),
      { ...node, op: "Sum", name, inputs: terms.map(({ to }) => to), outputs: [name] },
    ],
    outputs: [{ name, elementType: only.elementType, shape: [] }],
  };
}
