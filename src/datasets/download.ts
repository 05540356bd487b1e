import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { UserError } from "../base/errors.js";
import { makeFolder } from "../base/make-folder.js";

/** A file to download. */
export interface Remote {
  /** Address of the file. */
  readonly url: string;
  /** SHA-256 of the file as served, in hexadecimal. */
  readonly sha256: string;
}

type Progress = (message: string) => void;

/**
 * Downloads a file to `path`. Bytes go to `<path>.part`, so an interrupted download continues
 * there. The file takes its name only if its SHA-256 is right. Throws a UserError if the download
 * fails.
 */
export async function download(remote: Remote, path: string, progress: Progress = () => {}): Promise<void> {
  const part = `${path}.part`;
  makeFolder(dirname(path));
  const resumed = await receive(remote, part, progress);
  let actual = await sha256(part);
  if (actual !== remote.sha256 && resumed) {
    // The partial file may be of another version: download again from the first byte.
    await rm(part);
    await receive(remote, part, progress);
    actual = await sha256(part);
  }
  if (actual !== remote.sha256) {
    await rm(part);
    throw new UserError(
      `${remote.url}: expected SHA-256 ${remote.sha256}, got ${actual}; put the right file at ${path} yourself`,
    );
  }
  await rename(part, path);
}

/** Fetches the missing bytes of the file `part`. Returns whether it continued a partial file. */
async function receive({ url }: Remote, part: string, progress: Progress): Promise<boolean> {
  const present = (await stat(part).catch(() => null))?.size ?? 0;
  const response = await request(url, present);
  // 206: the missing bytes. 416: nothing is missing. Any other status: the whole file.
  const resumed = present > 0 && (response.status === 206 || response.status === 416);
  if (response.status === 416 && resumed) {
    await response.body?.cancel();
    return true;
  }
  if (!response.ok || !response.body)
    throw new UserError(
      `${url}: expected the file, got HTTP status ${response.status}; try again, or pass --data-dir`,
    );
  const handle = await open(part, resumed ? "a" : "w");
  let received = resumed ? present : 0;
  const total = received + Number(response.headers.get("content-length") ?? Number.NaN);
  try {
    for await (const bytes of Readable.fromWeb(response.body as ReadableStream<Uint8Array>)) {
      await handle.writeFile(bytes);
      received += bytes.length;
      progress(
        `downloading ${url}: ${megabytes(received)}${Number.isNaN(total) ? "" : ` of ${megabytes(total)}`}`,
      );
    }
  } catch (error) {
    throw new UserError(
      `${url}: the connection broke after ${received} bytes (${reason(error)}); run again to continue`,
    );
  } finally {
    await handle.close();
  }
  return resumed;
}

async function request(url: string, from: number): Promise<Response> {
  try {
    return await fetch(url, from > 0 ? { headers: { range: `bytes=${from}-` } } : {});
  } catch (error) {
    throw new UserError(
      `${url}: cannot be reached (${reason(error)}); pass --data-dir with a folder that has the files`,
    );
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return hash.digest("hex");
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function reason(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
}
