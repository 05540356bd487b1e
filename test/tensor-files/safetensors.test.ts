import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/errors.js";
import type { Tensor } from "../../src/base/tensor.js";
import { openTensorFile, readTensors, tensorBlocks, writeSafetensors } from "../../src/tensor-files/index.js";
import { anyTensors } from "../support/any-tensors.js";
import { safetensors } from "../support/safetensors.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();

const entry = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });

describe("safetensors files", () => {
  it("return the names, types, shapes, elements and metadata that were written", async () => {
    const path = folder.path("round-trip.safetensors");
    await fc.assert(
      fc.asyncProperty(anyTensors, fc.dictionary(fc.string(), fc.string()), async (tensors, metadata) => {
        await writeSafetensors(path, tensors, metadata);
        const read = await readTensors(path);
        expect([...read]).toEqual([...tensors]);
        const file = await openTensorFile(path);
        expect(Object.fromEntries(file.metadata)).toEqual({ ...metadata });
        await file.close();
      }),
      { numRuns: 30 },
    );
  });

  it("are read in blocks", async () => {
    const path = folder.path("blocks.safetensors");
    const data = Float32Array.from({ length: 10 }, (_, i) => i);
    await writeSafetensors(path, new Map([["x", { dtype: "float32", shape: [2, 5], data }]]));
    const file = await openTensorFile(path);
    const blocks: number[][] = [];
    for await (const block of tensorBlocks(file, file.entries[0], 4)) blocks.push([...block]);
    await file.close();
    expect(blocks).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
  });

  it("convert every stored element type", async () => {
    const cases: [string, Uint8Array, Tensor["dtype"], number[]][] = [
      [
        "F16",
        Uint8Array.of(0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b),
        "float32",
        [1, -2, 2 ** -24, 65504],
      ],
      ["BF16", Uint8Array.of(0x80, 0x3f, 0x00, 0xc0), "float32", [1, -2]],
      ["F32", new Uint8Array(Float32Array.of(1.5).buffer), "float32", [1.5]],
      ["F64", new Uint8Array(Float64Array.of(0.1).buffer), "float64", [0.1]],
      ["I8", Uint8Array.of(255, 1), "int32", [-1, 1]],
      ["U8", Uint8Array.of(255, 1), "int32", [255, 1]],
      ["I16", new Uint8Array(Int16Array.of(-300).buffer), "int32", [-300]],
      ["U16", new Uint8Array(Uint16Array.of(65535).buffer), "int32", [65535]],
      ["I32", new Uint8Array(Int32Array.of(-7).buffer), "int32", [-7]],
      ["U32", new Uint8Array(Uint32Array.of(2 ** 32 - 1).buffer), "uint32", [2 ** 32 - 1]],
      ["I64", new Uint8Array(BigInt64Array.of(-5n).buffer), "int32", [-5]],
      ["U64", new Uint8Array(BigUint64Array.of(5n).buffer), "int32", [5]],
      ["BOOL", Uint8Array.of(0, 1, 2), "bool", [0, 1, 1]],
    ];
    for (const [type, bytes, dtype, values] of cases) {
      const header = { x: entry(type, [values.length], [0, bytes.length]) };
      const path = folder.write("type.safetensors", safetensors(header, bytes));
      const x = (await readTensors(path)).get("x")!;
      expect([type, x.dtype, ...x.data]).toEqual([type, dtype, ...values]);
    }
  });

  it("keep NaN and infinities of 16-bit floats", async () => {
    const bytes = Uint8Array.of(0x00, 0x7c, 0x00, 0xfc, 0x01, 0x7e, 0x00, 0x80);
    const path = folder.write("f16.safetensors", safetensors({ x: entry("F16", [4], [0, 8]) }, bytes));
    const { data } = (await readTensors(path)).get("x")!;
    expect([...data]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0]);
  });

  const four = new Uint8Array(4);
  const eight = new Uint8Array(8);
  it.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(0), /at least 8 bytes, got 0/],
    ["header longer than the file", safetensors({}).subarray(0, 9), /header of 2 bytes, the file has 1/],
    ["header of 2^63 bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123), /not a safetensors file/],
    ["header not JSON", safetensors("{nonsense"), /header is not JSON/],
    ["header not an object", safetensors("[1]"), /not a JSON object/],
    [
      "name twice",
      safetensors(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        eight,
      ),
      /a: occurs twice/,
    ],
    ["metadata not strings", safetensors({ __metadata__: { a: 1 } }), /__metadata__: a: expected a string/],
    ["entry not an object", safetensors({ w: 3 }), /w: expected dtype, shape/],
    ["unknown dtype", safetensors({ w: entry("F7", [1], [0, 4]) }, four), /w: expected dtype F32.*got "F7"/],
    ["negative size", safetensors({ w: entry("F32", [-1], [0, 4]) }, four), /w: expected shape.*got \[-1\]/],
    ["shape no list", safetensors({ w: entry("F32", 1, [0, 4]) }, four), /w: expected shape/],
    ["offsets backwards", safetensors({ w: entry("F32", [1], [4, 0]) }, four), /w: expected data_offsets/],
    [
      "offsets beyond the file",
      safetensors({ w: entry("F32", [2], [0, 8]) }, four),
      /w: its bytes 0 to 8 lie outside the 4 bytes/,
    ],
    [
      "offsets that do not fit the shape",
      safetensors({ w: entry("F32", [3], [0, 8]) }, eight),
      /w: F32 \[3\] needs 12 bytes, data_offsets give 8/,
    ],
    [
      "absurd shape",
      safetensors({ w: entry("F32", [2 ** 40, 2 ** 40], [0, 8]) }, eight),
      /w: F32 .* needs .* bytes/,
    ],
    [
      "overlap",
      safetensors({ v: entry("F32", [2], [0, 8]), w: entry("F32", [1], [4, 8]) }, eight),
      /w: its bytes 4 to 8 overlap those of v, 0 to 8/,
    ],
    [
      "64-bit integers out of range",
      safetensors({ w: entry("I64", [1], [0, 8]) }, new Uint8Array(BigInt64Array.of(2n ** 60n).buffer)),
      /w: expected integers within the int32 range, got 1152921504606846976/,
    ],
  ])("that are damaged are refused in one line: %s", async (_, bytes, words) => {
    const path = folder.write("damaged.safetensors", bytes);
    await expectUserError(() => readTensors(path), path, words);
  });

  it("that do not exist or have another ending are refused", async () => {
    const missing = folder.path("missing.safetensors");
    await expectUserError(() => readTensors(missing), missing, /cannot be read \(ENOENT\)/);
    const other = folder.path("batch.csv");
    await expectUserError(() => readTensors(other), other, /ends in .safetensors or .npz/);
  });

  it("that are cut or altered anywhere are read or refused with a UserError", async () => {
    const path = folder.path("fuzz.safetensors");
    const tensors = new Map<string, Tensor>([
      ["a.y", { dtype: "float32", shape: [2, 3], data: new Float32Array(6) }],
      ["a.grad_y", { dtype: "int32", shape: [1], data: Int32Array.of(4) }],
    ]);
    await writeSafetensors(path, tensors, { loss: "mse" });
    const { readFileSync } = await import("node:fs");
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const bytes = Buffer.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) bytes[at] = byte;
        await readTensors(folder.write("altered.safetensors", bytes)).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UserError);
        });
      }),
      { numRuns: 300 },
    );
  });

  it("are written whole or not at all", async () => {
    const bad = { dtype: "float32", shape: [3], data: new Float32Array(2) } as const;
    await expect(writeSafetensors(folder.path("bad.safetensors"), new Map([["bad", bad]]))).rejects.toThrow(
      /bad: shape \[3\]/,
    );
    const nowhere = folder.path("no/such/folder/x.safetensors");
    await expectUserError(
      () => writeSafetensors(nowhere, new Map()),
      nowhere,
      /cannot be written \(ENOENT\)/,
    );
    expect(readdirSync(folder.path(".")).filter((name) => /bad\.|tmp/.test(name))).toEqual([]);
  });
});
