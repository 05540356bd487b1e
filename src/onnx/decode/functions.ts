import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
} from "onnx-buf";
import { UserError } from "../../base/errors.js";

/**
 * Calls of model-local functions nest at most this deep; a function that calls itself does not end.
 */
const DEEPEST = 64;

/**
 * Replaces every call of a model-local function by the nodes of the function, so that what a module
 * computes is seen, whatever its file wraps it in.
 *
 * @throws UserError for functions that call themselves.
 */
export function inlineFunctions(
  path: string,
  graph: GraphProto,
  functions: readonly FunctionProto[],
): GraphProto {
  if (functions.length === 0) return graph;
  const byKey = new Map(functions.map((f) => [key(f.domain, f.name, f.overload), f]));
  return expandGraph(graph, { path, byKey, depth: 0 });
}

const key = (domain: string, name: string, overload: string): string =>
  JSON.stringify([domain === "ai.onnx" ? "" : domain, name, overload]);

interface Library {
  readonly path: string;
  readonly byKey: ReadonlyMap<string, FunctionProto>;
  readonly depth: number;
}

function expandGraph(graph: GraphProto, library: Library): GraphProto {
  return changed(graph, {
    node: graph.node.flatMap((node) => expandNode(node, library)),
  });
}

function expandNode(node: NodeProto, library: Library): NodeProto[] {
  const called = library.byKey.get(key(node.domain, node.opType, node.overload));
  // An operator of ONNX itself has a definition here that needs no body.
  if (!called || node.domain === "" || node.domain === "ai.onnx")
    return [withGraphs(node, (graph) => expandGraph(graph, library))];
  if (library.depth >= DEEPEST)
    throw new UserError(
      `${library.path}: function ${called.domain}.${called.name} calls itself; expected functions that end`,
    );
  const inner = { ...library, depth: library.depth + 1 };
  return bodyOf(called, node).flatMap((body) => expandNode(body, inner));
}

/** The nodes of a function with the names and attributes of one call. */
function bodyOf(called: FunctionProto, call: NodeProto): NodeProto[] {
  const scope = call.name || call.output.find(Boolean) || called.name;
  const names = new Map<string, string>();
  called.input.forEach((name, i) => {
    names.set(name, call.input[i] ?? "");
  });
  called.output.forEach((name, i) => {
    // An output that is also an input keeps the input's value: see below.
    if (call.output[i] && !names.has(name)) names.set(name, call.output[i]);
  });
  const given = new Map([...called.attributeProto, ...call.attribute].map((a) => [a.name, a]));
  const rename: Renaming = { name: (name) => (name ? (names.get(name) ?? `${scope}/${name}`) : ""), given };
  const body = called.node.map((node) => renamed(node, rename, scope));
  const passed = called.output.flatMap((name, i) =>
    called.input.includes(name) && call.output[i]
      ? [
          create(NodeProtoSchema, {
            opType: "Identity",
            input: [rename.name(name)],
            output: [call.output[i]],
          }),
        ]
      : [],
  );
  return [...body, ...passed];
}

/**
 * A copy of a message with some fields changed, which shares the others. Defaults lie on a
 * message's prototype, which a spread would lose.
 */
const changed = <T extends object>(message: T, fields: Partial<T>): T =>
  Object.assign(Object.create(Object.getPrototypeOf(message) as object), message, fields) as T;

interface Renaming {
  name(name: string): string;
  /** The attributes of the call, and the defaults of the function. */
  readonly given: ReadonlyMap<string, AttributeProto>;
}

function renamed(node: NodeProto, rename: Renaming, scope: string): NodeProto {
  const attribute = node.attribute.flatMap((a) => {
    if (!a.refAttrName) return [a];
    const value = rename.given.get(a.refAttrName);
    return value ? [changed(value, { name: a.name, refAttrName: "" })] : [];
  });
  return withGraphs(
    changed(node, {
      attribute,
      name: node.name ? `${scope}/${node.name}` : "",
      input: node.input.map(rename.name),
      output: node.output.map(rename.name),
    }),
    (graph) => renamedGraph(graph, rename, scope),
  );
}

/** A branch or loop body: its own names and those around it are renamed alike. */
function renamedGraph(graph: GraphProto, rename: Renaming, scope: string): GraphProto {
  return changed(graph, {
    node: graph.node.map((node) => renamed(node, rename, scope)),
    input: graph.input.map((info) => changed(info, { name: rename.name(info.name) })),
    output: graph.output.map((info) => changed(info, { name: rename.name(info.name) })),
    initializer: graph.initializer.map((t) => changed(t, { name: rename.name(t.name) })),
  });
}

/** A node whose subgraphs are changed. */
function withGraphs(node: NodeProto, change: (graph: GraphProto) => GraphProto): NodeProto {
  const hasGraph = (a: AttributeProto) => a.type === AttributeType.GRAPH && a.g !== undefined;
  if (!node.attribute.some(hasGraph)) return node;
  return changed(node, {
    attribute: node.attribute.map((a) => (hasGraph(a) && a.g ? changed(a, { g: change(a.g) }) : a)),
  });
}
