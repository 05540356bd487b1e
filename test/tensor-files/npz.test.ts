import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ZipFile } from "yazl";
import { UserError } from "../../src/base/errors.js";
import type { Tensor } from "../../src/base/tensor.js";
import { openTensorFile, readTensors, tensorBlocks, writeNpz } from "../../src/tensor-files/index.js";
import { anyTensors } from "../support/any-tensors.js";
import { hasNumpy, numpyReason, python } from "../support/numpy.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();

/** An npy file from the dictionary of its header and its elements. */
function npy(fields: string, data: Uint8Array = new Uint8Array(0), version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUInt16LE(fields.length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\x00`, "latin1"),
    length,
    Buffer.from(fields, "latin1"),
    data,
  ]);
}

const fields = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

interface ZipOptions {
  readonly compress?: boolean;
  readonly forceZip64Format?: boolean;
}

/** A zip of the given files. */
async function zip(files: readonly [string, Buffer][], options: ZipOptions = {}): Promise<Buffer> {
  const archive = new ZipFile();
  for (const [name, bytes] of files) archive.addBuffer(bytes, name, options);
  archive.end({ forceZip64Format: options.forceZip64Format ?? false, comment: "" });
  const parts: Buffer[] = [];
  for await (const part of archive.outputStream as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

/** Changes a 16- or 32-bit field of the first entry of the zip directory. */
function patchDirectory(bytes: Buffer, offset: number, value: number, size: 2 | 4): Buffer {
  const at = bytes.indexOf(Buffer.from("PK\x01\x02", "latin1")) + offset;
  if (size === 2) bytes.writeUInt16LE(value, at);
  else bytes.writeUInt32LE(value, at);
  return bytes;
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe("npz files", () => {
  it("return the names, types, shapes, elements and metadata that were written", async () => {
    const path = folder.path("round-trip.npz");
    await fc.assert(
      fc.asyncProperty(anyTensors, async (tensors) => {
        await writeNpz(path, tensors, { "metadata of the file": "cross-entropy, ∂L/∂y 🙂" });
        expect([...(await readTensors(path))]).toEqual([...tensors]);
        const file = await openTensorFile(path);
        expect([...file.metadata]).toEqual([["metadata of the file", "cross-entropy, ∂L/∂y 🙂"]]);
        await file.close();
      }),
      { numRuns: 30 },
    );
  });

  it("are read in blocks, stored or deflated, with and without zip64 records", async () => {
    const data = floats(...Array.from({ length: 10 }, (_, i) => i));
    for (const compress of [true, false])
      for (const forceZip64Format of [true, false]) {
        const bytes = await zip([["x.npy", npy(fields("<f4", "(2, 5)"), data)]], {
          compress,
          forceZip64Format,
        });
        const file = await openTensorFile(folder.write("blocks.npz", bytes));
        const blocks: number[][] = [];
        for await (const block of tensorBlocks(file, file.entries[0], 4)) blocks.push([...block]);
        await file.close();
        expect(blocks).toEqual([
          [0, 1, 2, 3],
          [4, 5, 6, 7],
          [8, 9],
        ]);
      }
  });

  it("convert big-endian elements, take every header version, leave out strings and other files", async () => {
    const big = Buffer.from(floats(1, -2)).swap32();
    const path = folder.write(
      "mixed.npz",
      await zip([
        ["big.npy", npy(fields(">f4", "(2,)"), big)],
        ["two.npy", npy(fields("<f4", "()"), floats(7), 2)],
        ["three.npy", npy(fields("|i1", "(1, 2)"), Uint8Array.of(255, 3), 3)],
        ["names.npy", npy(fields("<U1", "(2,)"), new Uint8Array(8))],
        ["readme.txt", Buffer.from("hello")],
      ]),
    );
    const read = await readTensors(path);
    expect([...read.keys()]).toEqual(["big", "two", "three"]);
    expect([...read.get("big")!.data]).toEqual([1, -2]);
    expect(read.get("two")).toMatchObject({ shape: [], data: Float32Array.of(7) });
    expect(read.get("three")).toMatchObject({ shape: [1, 2], data: Int32Array.of(-1, 3) });
  });

  it("in Fortran order are reordered when read whole and refused in blocks", async () => {
    const columns = npy(fields("<f4", "(2, 3)", "True"), floats(1, 4, 2, 5, 3, 6));
    const path = folder.write("fortran.npz", await zip([["x.npy", columns]]));
    expect([...(await readTensors(path)).get("x")!.data]).toEqual([1, 2, 3, 4, 5, 6]);
    const file = await openTensorFile(path);
    await expectUserError(
      () => tensorBlocks(file, file.entries[0]).next(),
      path,
      /x: expected C order, got Fortran/,
    );
    await file.close();
  });

  describe(`agree with NumPy${numpyReason}`, () => {
    it.skipIf(!hasNumpy)("when NumPy wrote the file", async () => {
      const path = folder.path("numpy.npz");
      python(
        `import numpy as np, sys
a = np.arange(24).reshape(2, 3, 4)
types = ['f2', 'f4', 'f8', 'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', '?', '>f2', '>f4', '>f8', '>i8', '>u2']
np.savez_compressed(sys.argv[1], loss='mse', model=np.array(b'net'), batch=np.array('\u2202', dtype='>U9'), **{t: a.astype(t) for t in types}, T=np.asfortranarray(a), empty=np.zeros((0, 3)))`,
        path,
      );
      const file = await openTensorFile(path);
      expect(Object.fromEntries(file.metadata)).toEqual({ loss: "mse", model: "net", batch: "∂" });
      await file.close();
      const tensors = await readTensors(path);
      expect(tensors.size).toBe(19);
      for (const [name, { data, shape }] of tensors) {
        if (name === "empty") expect(shape).toEqual([0, 3]);
        else {
          const expected = Array.from({ length: 24 }, (_, i) => (name === "?" ? Math.min(i, 1) : i));
          expect([name, shape, [...data]]).toEqual([name, [2, 3, 4], expected]);
        }
      }
    });

    it.skipIf(!hasNumpy)("for every float16", async () => {
      const path = folder.path("halves.npz");
      python(
        `import numpy as np, sys
h = np.arange(65536).astype('u2').view('f2')
np.savez(sys.argv[1], h=h, f=h.astype('f4'))`,
        path,
      );
      const tensors = await readTensors(path);
      expect(tensors.get("h")!.data).toEqual(tensors.get("f")!.data);
    });

    it.skipIf(!hasNumpy)("when NumPy reads the file", async () => {
      const path = folder.path("ours.npz");
      const tensors = new Map<string, Tensor>([
        ["bn1.y", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4.5) }],
        ["label", { dtype: "int32", shape: [3], data: Int32Array.of(1, -2, 3) }],
        ["mask", { dtype: "bool", shape: [], data: Uint8Array.of(1) }],
      ]);
      await writeNpz(path, tensors, { loss: "∂" });
      const printed = python(
        `import numpy as np, sys
z = np.load(sys.argv[1])
for k in z.files: print(k, z[k].dtype, z[k].tolist())`,
        path,
      );
      expect(printed.trim().split("\n")).toEqual([
        "loss <U1 ∂",
        "bn1.y float32 [[1.0, 2.0], [3.0, 4.5]]",
        "label int32 [1, -2, 3]",
        "mask bool True",
      ]);
    });
  });

  const one = (descr: string, shape: string, bytes = 4): [string, Buffer][] => [
    ["w.npy", npy(fields(descr, shape), new Uint8Array(bytes))],
  ];
  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ["empty file", async () => Buffer.alloc(0), /truncated or not an npz file/],
    [
      "not a zip",
      async () => Buffer.from("hello, this is no zip file at all"),
      /truncated or not an npz file/,
    ],
    ["cut", async () => (await zip(one("<f4", "(1,)"))).subarray(0, 60), /truncated or not an npz file/],
    ["not npy", async () => zip([["w.npy", Buffer.from("just some text in there")]]), /w: not an npy array/],
    [
      "npy shorter than its header",
      async () => zip([["w.npy", npy(fields("<f4", "(1,)")).subarray(0, 30)]]),
      /w: npy header ends after 30 bytes/,
    ],
    [
      "npy version",
      async () => zip([["w.npy", npy(fields("<f4", "(1,)"), floats(1), 9)]]),
      /w: npy version 9/,
    ],
    ["no dictionary", async () => zip([["w.npy", npy("{}")]]), /w: npy header cannot be read: \{\}/],
    ["complex numbers", async () => zip(one("<c8", "(1,)", 8)), /w: expected a dtype of .*got '<c8'/],
    ["Python objects", async () => zip(one("|O", "(1,)", 8)), /w: expected a dtype of .*got '\|O'/],
    [
      "records",
      async () =>
        zip([
          ["w.npy", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", floats(1))],
        ]),
      /w: expected a dtype of .*structured/,
    ],
    [
      "too few elements",
      async () => zip(one("<f4", "(2,)")),
      /w: its header needs \d+ bytes, the zip entry holds/,
    ],
    [
      "too many elements",
      async () => zip(one("<f4", "(2,)", 12)),
      /w: its header needs \d+ bytes, the zip entry holds/,
    ],
    [
      "a shape of absurd size",
      async () => zip(one("<f4", "(99999999, 99999999)")),
      /w: (shape .* impossibly large|its header needs)/,
    ],
    ["name twice", async () => zip([...one("<f4", "(1,)"), ...one("<f4", "(1,)")]), /w: occurs twice/],
    [
      "encrypted",
      async () => patchDirectory(await zip(one("<f4", "(1,)")), 8, 1, 2),
      /w: expected plain data, got an encrypted entry/,
    ],
    [
      "unknown compression",
      async () => patchDirectory(await zip(one("<f4", "(1,)")), 10, 93, 2),
      /w: expected stored or deflated data, got zip method 93/,
    ],
    [
      "checksum",
      async () => patchDirectory(await zip(one("<f4", "(1,)")), 16, 12345, 4),
      /w: damaged: its checksum does not match/,
    ],
    [
      "path out of the folder",
      async () => {
        const bytes = await zip([["abc.npy", npy(fields("<f4", "(1,)"), floats(1))]]);
        return Buffer.from(bytes.toString("latin1").replaceAll("abc.npy", "../.npy"), "latin1");
      },
      /zip directory is damaged: .*relative path/,
    ],
    [
      "integers out of range",
      async () =>
        zip([["w.npy", npy(fields("<i8", "(1,)"), new Uint8Array(BigInt64Array.of(1n << 40n).buffer))]]),
      /w: expected integers within the int32 range/,
    ],
  ])("that are damaged are refused in one line: %s", async (_, make, words) => {
    const path = folder.write("damaged.npz", await make());
    await expectUserError(() => readTensors(path), path, words);
  });

  it("are refused as zip bombs if they inflate too much or hold more than they declare", async () => {
    const small = await zip(one("<f4", "(75000000,)"));
    const announced = folder.write("announced.npz", patchDirectory(small, 24, 300_000_000, 4));
    await expectUserError(
      () => readTensors(announced),
      announced,
      /w: \d+ bytes that inflate to 300000000 look like a zip bomb/,
    );

    const few = npy(fields("<f4", "(1000,)"), new Uint8Array(4000));
    const more = Buffer.concat([few, new Uint8Array(1_000_000)]);
    const hidden = folder.write(
      "hidden.npz",
      patchDirectory(await zip([["w.npy", more]]), 24, few.length, 4),
    );
    await expectUserError(() => readTensors(hidden), hidden, /w: damaged: too many bytes/);
  });

  it("that are cut or altered anywhere are read or refused with a UserError", async () => {
    const path = folder.path("fuzz.npz");
    const tensors = new Map<string, Tensor>([
      ["a.y", { dtype: "float32", shape: [2, 3], data: new Float32Array(6) }],
      ["a.grad_y", { dtype: "int32", shape: [1], data: Int32Array.of(4) }],
    ]);
    await writeNpz(path, tensors, { loss: "mse" });
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const bytes = Buffer.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) bytes[at] = byte;
        await readTensors(folder.write("altered.npz", bytes)).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UserError);
        });
      }),
      { numRuns: 300 },
    );
  });
});
