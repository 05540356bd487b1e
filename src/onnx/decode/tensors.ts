import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from "onnx-buf";
import { UserError } from "../../base/errors.js";
import { allocate, showShape, sizeOf, type Tensor } from "../../base/tensor.js";
import type { Initializer } from "../model.js";
import { type ElementFormat, formatOf } from "./elements.js";
import { externalBytes } from "./external.js";

/**
 * Decodes a TensorProto. Checks its size now and converts its elements when they are asked for.
 *
 * @param path - Path of the model: names it in messages and locates external data.
 * @param proto - The tensor as the file stores it.
 * @param options - `name` replaces the name in the file; `constant` marks the value of a Constant
 *   node.
 * @returns The stored tensor. One of an unsupported element type throws when its elements are read.
 * @throws UserError if the size of the data does not fit the shape.
 */
export function decodeTensor(
  path: string,
  proto: TensorProto,
  { name = proto.name, constant = false } = {},
): Initializer {
  const where = `${path}: tensor "${name}"`;
  const shape = proto.dims.map(Number);
  const format = formatOf(proto.dataType);
  if (!format)
    return { ...unreadable(where, proto.dataType), name, constant, spec: { shape, dtype: "int32" } };

  const numbers = elementSource({ path, where, name, proto, format });
  return {
    name,
    constant,
    external: proto.dataLocation === TensorProto_DataLocation.EXTERNAL,
    elementType: format.name,
    spec: { shape, dtype: format.dtype },
    numbers,
    load(): Tensor {
      const values = numbers();
      const data = allocate(format.dtype, values.length);
      if (format.dtype === "int32") checkFits32Bits(where, values);
      data.set(values);
      return { shape, dtype: format.dtype, data };
    },
  };
}

/** A tensor of a supported element type in a model file. */
interface StoredElements {
  readonly path: string;
  /** File and tensor, for messages. */
  readonly where: string;
  readonly name: string;
  readonly proto: TensorProto;
  readonly format: ElementFormat;
}

/** A function that reads the elements from the field that holds them. */
function elementSource({ path, where, name, proto, format }: StoredElements): () => ArrayLike<number> {
  const shape = proto.dims.map(Number);
  const check = (length: number, unit: string, expected: number) => {
    if (length !== expected)
      throw new UserError(
        `${where}: ${format.name}${showShape(shape)} needs ${expected} ${unit}, got ${length}`,
      );
  };
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const bytes = externalBytes(path, name, proto.externalData);
    check(bytes.length, "bytes", sizeOf(shape) * format.bytes);
    return () => format.decode(bytes.read());
  }
  if (proto.rawData.length > 0) {
    check(proto.rawData.length, "bytes", sizeOf(shape) * format.bytes);
    return () => format.decode(proto.rawData);
  }
  const values = typedField(proto, format);
  check(values.length, "elements", sizeOf(shape));
  return () => values;
}

/**
 * The elements that are stored as protobuf numbers. All narrow types are stored in `int32_data`.
 */
function typedField(proto: TensorProto, format: ElementFormat): ArrayLike<number> {
  switch (format.name) {
    case "float32":
      return proto.floatData;
    case "float64":
      return proto.doubleData;
    case "int64":
      return proto.int64Data.map(Number);
    case "uint32":
    case "uint64":
      return proto.uint64Data.map(Number);
    case "float16":
    case "bfloat16":
      return format.decode(new Uint8Array(Uint16Array.from(proto.int32Data).buffer));
    default:
      return proto.int32Data;
  }
}

function checkFits32Bits(where: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++)
    if (values[i] !== (values[i] | 0))
      throw new UserError(`${where}: element ${i} is ${values[i]}, expected an integer of 32 bits`);
}

/**
 * The elements of an unsupported type: an error when they are read. Models may hold such tensors,
 * of strings for example, that nothing uses.
 */
function unreadable(
  where: string,
  type: number,
): Pick<Initializer, "external" | "elementType" | "numbers" | "load"> {
  const fail = (): never => {
    const label = TensorProto_DataType[type] ?? `type ${type}`;
    throw new UserError(`${where}: elements of ${label} are not supported, expected numbers`);
  };
  return { external: false, elementType: "string", numbers: fail, load: fail };
}
