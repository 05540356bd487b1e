import { showShape } from "../../base/tensor.js";
import { isTraced } from "./jax-internals.js";

/** A value of any kind in a few words, for error messages. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (isTraced(value)) return `a traced value of shape ${showShape(value.shape)}`;
  switch (typeof value) {
    case "number":
    case "bigint":
      return `the number ${value}`;
    case "string":
      return `the text ${JSON.stringify(value.slice(0, 60))}`;
    case "boolean":
      return String(value);
    case "function":
      return "a function";
    default:
      if (Array.isArray(value)) return "an array";
      return value instanceof Promise ? "a promise" : "an object";
  }
}
