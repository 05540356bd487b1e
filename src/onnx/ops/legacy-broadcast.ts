import { showShape } from "../../base/tensor.js";
import { reshape, type Value } from "../values/value.js";
import type { NodeContext } from "./context.js";

/**
 * The second operand of a binary op, with axes of size 1 appended where an old file asks for it.
 * Before opset 7, shapes had to agree unless `broadcast` was 1, and `axis` said where the axes of
 * the second operand begin in the first.
 */
export function legacyOperand(node: NodeContext, a: Value, b: Value): Value {
  if (node.opset >= 7) return b;
  const broadcast = node.attributes.number("broadcast", 0) === 1;
  if (!broadcast) {
    if (a.shape.join() === b.shape.join()) return b;
    throw node.error(
      `expected equal shapes, as broadcast is not set (opset ${node.opset}), got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  }
  const given = node.attributes.get("number", "axis");
  if (given === undefined) return b;
  const axis = node.axis(given, a.shape.length);
  const behind = a.shape.length - axis - b.shape.length;
  if (behind < 0)
    throw node.error(`cannot place ${showShape(b.shape)} at axis ${axis} of ${showShape(a.shape)}`);
  return reshape(b, [...b.shape, ...new Array<number>(behind).fill(1)]);
}
