import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType } from "onnx-buf";
import { UserError } from "../../base/errors.js";
import { allocate, showShape, sizeOf, type Tensor } from "../../base/tensor.js";
import type { Initializer } from "../model.js";
import { formatOf } from "./elements.js";
import { externalBytes } from "./external.js";

/** A TensorProto as an `Initializer`: its size is checked now, its elements are converted when asked for. */
export function decodeTensor(
  path: string,
  proto: TensorProto,
  { name = proto.name, constant = false } = {},
): Initializer {
  const where = `${path}: tensor "${name}"`;
  const shape = proto.dims.map(Number);
  const format = formatOf(proto.dataType);
  if (!format) return unreadable(where, name, shape, proto.dataType, constant);

  const numbers = elementSource(path, where, proto, name, format, sizeOf(shape));
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

type Format = NonNullable<ReturnType<typeof formatOf>>;

/** A function that yields the elements, from whichever field of the message holds them. */
function elementSource(
  path: string,
  where: string,
  proto: TensorProto,
  name: string,
  format: Format,
  size: number,
): () => ArrayLike<number> {
  const check = (length: number, unit: string, expected: number) => {
    if (length !== expected)
      throw new UserError(
        `${where}: ${format.name}${showShape(proto.dims.map(Number))} needs ${expected} ${unit}, got ${length}`,
      );
  };
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const bytes = externalBytes(path, name, proto.externalData);
    check(bytes.length, "bytes", size * format.bytes);
    return () => format.decode(bytes.read());
  }
  if (proto.rawData.length > 0) {
    check(proto.rawData.length, "bytes", size * format.bytes);
    return () => format.decode(proto.rawData);
  }
  const values = typedField(proto, format);
  check(values.length, "elements", size);
  return () => values;
}

/** The elements where they are stored as protobuf numbers; narrow types share `int32_data`. */
function typedField(proto: TensorProto, format: Format): ArrayLike<number> {
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

/** Tensors of strings and the like may lie unused in a file; reading one is the error. */
function unreadable(
  where: string,
  name: string,
  shape: number[],
  type: number,
  constant: boolean,
): Initializer {
  const fail = (): never => {
    const label = TensorProto_DataType[type] ?? `type ${type}`;
    throw new UserError(`${where}: elements of ${label} are not supported, expected numbers`);
  };
  return {
    name,
    constant,
    external: false,
    elementType: "string",
    spec: { shape, dtype: "int32" },
    numbers: fail,
    load: fail,
  };
}
