import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DiskCache } from "../../../src/engine/cache/disk-cache.js";
import { temporaryFolder } from "../../support/temporary.js";

const { path } = temporaryFolder();
let count = 0;
const newFolder = () => path(`cache-${count++}`);
const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);

it("A cache returns the bytes that were put, also through another cache on the same folder", async () => {
  const folder = newFolder();
  const cache = new DiskCache({ folder, code: "a" });
  const digest = await cache.digest(["x", bytes(3)]);
  expect(await cache.get(digest)).toBeUndefined();
  await cache.put(digest, bytes(1000));
  const other = new DiskCache({ folder, code: "a" });
  expect(await other.digest(["x", bytes(3)])).toBe(digest);
  expect([...(await other.get(digest))!]).toEqual([...bytes(1000)]);
  expect(readdirSync(folder)).toEqual([digest]);
});

it("Digests differ with the code, and with the parts, their order, kinds and boundaries", async () => {
  const digest = (code: string, ...parts: (string | Uint8Array)[]) =>
    new DiskCache({ folder: "/", code }).digest(parts);
  const names = await Promise.all([
    digest("a", "x", "y"),
    digest("b", "x", "y"),
    digest("a", "y", "x"),
    digest("a", "xy"),
    digest("a", "xy", ""),
    digest("a", "x", "y", ""),
    digest("a", "x", Buffer.from("y")),
    digest("ax", "y"),
  ]);
  expect(new Set(names).size).toBe(names.length);
});

it("A file that is damaged, cut short, empty or renamed counts as missing and can be written again", async () => {
  const folder = newFolder();
  const cache = new DiskCache({ folder, code: "a" });
  const [digest, another] = [await cache.digest(["x"]), await cache.digest(["y"])];
  const file = join(folder, digest);
  const damages: (() => void)[] = [
    () => writeFileSync(file, readFileSync(file).subarray(0, 500)),
    () => writeFileSync(file, readFileSync(file).fill(8, 700, 701)),
    () => writeFileSync(file, ""),
    () => writeFileSync(file, "no program"),
    () => {
      renameSync(file, join(folder, "aside"));
      renameSync(join(folder, another), file);
    },
  ];
  for (const damage of damages) {
    await cache.put(digest, bytes(1000));
    await cache.put(another, bytes(1000, 9));
    expect(await cache.get(digest)).toBeDefined();
    damage();
    expect(await cache.get(digest)).toBeUndefined();
    await cache.put(digest, bytes(1000));
    expect([...(await cache.get(digest))!]).toEqual([...bytes(1000)]);
  }
});

it("Beyond the limit the files unused for longest are removed, but no files of others", async () => {
  const folder = newFolder();
  const cache = new DiskCache({ folder, code: "a", limit: 3500 });
  const digests = await Promise.all([0, 1, 2, 3].map((i) => cache.digest([`${i}`])));
  mkdirSync(folder);
  writeFileSync(join(folder, "notes.txt"), bytes(5000));
  for (const [i, digest] of digests.slice(0, 3).entries()) {
    await cache.put(digest, bytes(1000));
    utimesSync(join(folder, digest), 1000 + i, 1000 + i);
  }
  await cache.get(digests[0]);
  await cache.put(digests[3], bytes(1000));
  expect(readdirSync(folder).sort()).toEqual([digests[0], digests[2], digests[3], "notes.txt"].sort());
  // An entry larger than the limit is not kept, and no other entry is removed for it.
  await cache.put(await cache.digest(["large"]), bytes(4000));
  expect(readdirSync(folder)).toHaveLength(4);
});

it("A temporary file that a killed process left is removed once it is an hour old", async () => {
  const folder = newFolder();
  const cache = new DiskCache({ folder, code: "a" });
  const [old, recent] = ["0", "1"].map((c) => join(folder, `${c.repeat(64)}.1234.part`)) as [string, string];
  mkdirSync(folder);
  writeFileSync(old, bytes(10));
  writeFileSync(recent, bytes(10));
  const hours = Date.now() / 1000 - 7200;
  utimesSync(old, hours, hours);
  await cache.put(await cache.digest(["x"]), bytes(10));
  expect(existsSync(old)).toBe(false);
  expect(existsSync(recent)).toBe(true);
});

it("A folder that cannot be made, read or written is no error", async () => {
  const folder = newFolder();
  writeFileSync(folder, "a file");
  const within = new DiskCache({ folder: join(folder, "programs"), code: "a" });
  const digest = await within.digest(["x"]);
  await within.put(digest, bytes(10));
  expect(await within.get(digest)).toBeUndefined();
  // A folder in the place of the file.
  const taken = newFolder();
  const cache = new DiskCache({ folder: taken, code: "a" });
  mkdirSync(join(taken, digest), { recursive: true });
  await cache.put(digest, bytes(10));
  expect(await cache.get(digest)).toBeUndefined();
  expect(readdirSync(taken)).toEqual([digest]);
  // A read-only folder, except for root, who may write anywhere.
  const locked = newFolder();
  mkdirSync(locked);
  chmodSync(locked, 0o500);
  await new DiskCache({ folder: locked, code: "a" }).put(digest, bytes(10));
});

it.skipIf(process.platform !== "linux")(
  "A folder on a file system that takes no new folders keeps nothing, and the cache goes on",
  async () => {
    const cache = new DiskCache({ folder: "/proc/no/such/folder", code: "a" });
    const digest = await cache.digest(["x"]);
    await cache.put(digest, bytes(10));
    expect(await cache.get(digest)).toBeUndefined();
  },
);
