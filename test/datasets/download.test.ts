import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Random } from "../../src/base/random.js";
import { download } from "../../src/datasets/download.js";
import { Store } from "../../src/datasets/store.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

/** A local server for one file. Can ignore ranges and break connections. */
class Host {
  readonly served: { range?: string; bytes: number }[] = [];
  ranges = true;
  breakAfter = Number.POSITIVE_INFINITY;
  /** Resolves when the client has stored bytes; until then, a break could lose them. */
  arrived: () => Promise<void> = async () => {};
  #server: Server;

  constructor(private content: Uint8Array) {
    this.#server = createServer(({ headers: { range }, url }, response) => {
      if (url !== "/file.gz") return void response.writeHead(404).end();
      const from = this.ranges ? Number(range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0) : 0;
      if (from >= this.content.length) return void response.writeHead(416).end();
      const rest = this.content.subarray(from);
      this.served.push({ range, bytes: Math.min(rest.length, this.breakAfter) });
      response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length });
      if (rest.length > this.breakAfter) {
        response.write(rest.subarray(0, this.breakAfter));
        void this.arrived().then(() => response.destroy());
      } else response.end(rest);
    });
  }
  replace(content: Uint8Array) {
    this.content = content;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/file.gz`;
  }
  start = () => new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", () => done()));
  stop = () => new Promise<void>((done) => this.#server.close(() => done()));
}

const random = new Random(5);
const content = Uint8Array.from({ length: 200_000 }, () => random.below(256));
const sha256 = createHash("sha256").update(content).digest("hex");
const folder = temporaryFolder();

describe("A download", () => {
  let host: Host;
  let path: string;
  let next = 0;
  beforeEach(async () => {
    host = new Host(content);
    path = folder.path(`run${next++}/file.gz`);
    host.arrived = () =>
      vi.waitFor(() => expect(statSync(`${path}.part`).size).toBeGreaterThan(0), { interval: 5 });
    await host.start();
  });
  afterEach(() => host.stop());
  const files = () => readdirSync(path.replace("/file.gz", ""));
  const get = () => download({ url: host.url, sha256 }, path);

  it("saves a file with the right SHA-256 and reports its progress", async () => {
    const messages: string[] = [];
    await download({ url: host.url, sha256 }, path, (message) => messages.push(message));
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(files()).toEqual(["file.gz"]);
    expect(messages.at(-1)).toMatch(/0\.2 MB of 0\.2 MB/);
  });

  it("continues where it broke off", async () => {
    host.breakAfter = 50_000;
    await expectUserError(get, host.url, /connection broke after \d+ bytes.*run again/);
    expect(files()).toEqual(["file.gz.part"]);
    const kept = readFileSync(`${path}.part`).length;
    host.breakAfter = Number.POSITIVE_INFINITY;
    await get();
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(kept).toBeGreaterThan(0);
    expect(host.served.at(-1)).toEqual({ range: `bytes=${kept}-`, bytes: content.length - kept });
  });

  it("starts over if the server ignores the range", async () => {
    host.breakAfter = 50_000;
    await expectUserError(get, host.url, /broke/);
    host.breakAfter = Number.POSITIVE_INFINITY;
    host.ranges = false;
    await get();
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it("starts over if the partial file is of another file", async () => {
    for (const size of [1000, content.length, content.length + 7]) {
      await get();
      writeFileSync(`${path}.part`, Buffer.alloc(size, 1));
      await get();
      expect(readFileSync(path).equals(content)).toBe(true);
    }
  });

  it("requests no more bytes if the partial file is whole", async () => {
    await get();
    writeFileSync(`${path}.part`, content);
    await get();
    expect(host.served).toHaveLength(1);
  });

  it("refuses a file with another SHA-256 and keeps none of its bytes", async () => {
    host.replace(content.subarray(1));
    await expectUserError(get, host.url, new RegExp(`expected SHA-256 ${sha256}, got [0-9a-f]{64}`));
    expect(files()).toEqual([]);
  });

  it("names the HTTP status, or says that the host cannot be reached", async () => {
    const missing = `${host.url}x`;
    await expectUserError(() => download({ url: missing, sha256 }, path), missing, /status 404/);
    const { url } = host;
    await host.stop();
    await expectUserError(() => download({ url, sha256 }, path), url, /cannot be reached \(ECONNREFUSED\)/);
    await host.start();
  });
});

/** A tar archive of these files, as `tar` writes them. */
function tarOf(files: Record<string, Uint8Array>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("0", 156);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe("The cache of data sets", () => {
  const host = new Host(content);
  const remoteOf = (bytes: Uint8Array) => {
    host.replace(bytes);
    return { url: host.url, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  beforeEach(() => host.start());
  afterEach(() => host.stop());

  it("downloads a file once", async () => {
    const store = new Store("set", { cacheDir: folder.path("cache1") });
    const remote = remoteOf(gzipSync("hello"));
    for (let i = 0; i < 2; i++) {
      const { file, bytes } = await store.read("word", remote);
      expect([file, Buffer.from(bytes).toString()]).toEqual([folder.path("cache1/set/word.gz"), "hello"]);
    }
    expect(host.served).toHaveLength(1);
  });

  it("unpacks an archive once and deletes it", async () => {
    const store = new Store("set", { cacheDir: folder.path("cache2") });
    const [a, b] = [Buffer.alloc(700, "a"), Buffer.alloc(512, "b")];
    const archive = remoteOf(gzipSync(tarOf({ "dir/a.bin": a, "dir/readme.html": a, "dir/b.bin": b })));
    const before = host.served.length;
    for (let i = 0; i < 2; i++) {
      const read = await store.readAll(["a.bin", "b.bin"], archive);
      expect(read.map(({ bytes }) => Buffer.from(bytes))).toEqual([a, b]);
    }
    expect(host.served.length - before).toBe(1);
    expect(readdirSync(folder.path("cache2/set")).sort()).toEqual(["a.bin", "b.bin"]);
  });

  it("names a file that an archive lacks, and refuses a truncated archive", async () => {
    const store = new Store("set", { cacheDir: folder.path("cache3") });
    const other = remoteOf(gzipSync(tarOf({ "x.bin": Buffer.alloc(9) })));
    await expectUserError(() => store.readAll(["a.bin"], other), other.url, /expected a\.bin in the archive/);
    const short = remoteOf(gzipSync(tarOf({ "a.bin": Buffer.alloc(9000) }).subarray(0, 2000)));
    const path = folder.path("cache3/set/archive.tar.gz");
    await expectUserError(() => store.readAll(["a.bin"], short), path, /truncated at byte 0/);
    expect(existsSync(folder.path("cache3/set/a.bin"))).toBe(false);
  });

  it("downloads nothing into the user's own folder", async () => {
    const store = new Store("set", { dataDir: folder.path("mine") });
    const before = host.served.length;
    await expectUserError(
      () => store.read("word", remoteOf(gzipSync("hello"))),
      folder.path("mine/set/word"),
      /no such/,
    );
    expect(host.served.length).toBe(before);
    expect(existsSync(folder.path("mine"))).toBe(false);
  });
});
