import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cacheFolder } from "../base/cache-folder.js";
import { UserError } from "../base/errors.js";
import { makeFolder } from "../base/make-folder.js";
import { writeWholeFile } from "../base/write-file.js";
import { download, type Remote } from "./download.js";
import { parseTar } from "./tar.js";

/** Where the files of data sets are. */
export interface StoreOptions {
  /** A folder with one folder per data set, such as `mnist/`. Nothing is downloaded. */
  readonly dataDir?: string;
  /**
   * Folder of downloads, used if `dataDir` is not set. Default: `blindspot` in XDG_CACHE_HOME, or
   * else in ~/.cache.
   */
  readonly cacheDir?: string;
  /** Called with a line of text during downloads. */
  readonly onProgress?: (message: string) => void;
}

/** A file with its contents, unpacked. */
interface Unpacked {
  /** Path of the file as it is on disk, such as `…/train-images-idx3-ubyte.gz`. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/**
 * The files of one data set, in `dataDir` or in the cache. A file may be there as `file` or
 * `file.gz`.
 */
export class Store {
  readonly #folder: string;
  readonly #mayDownload: boolean;
  readonly #progress: (message: string) => void;

  constructor(dataset: string, { dataDir, cacheDir, onProgress = () => {} }: StoreOptions) {
    this.#folder = join(dataDir ?? cacheDir ?? cacheFolder(), dataset);
    this.#mayDownload = dataDir === undefined;
    this.#progress = onProgress;
  }

  /** Reads a file. Downloads it as `file.gz` if the cache lacks it. */
  async read(file: string, remote: Remote): Promise<Unpacked> {
    if (!this.#has(file)) await this.#download(file, remote, `${file}.gz`);
    return this.#open(file);
  }

  /**
   * Reads files. If the cache lacks one, downloads and unpacks the archive (tar.gz) with all of
   * them.
   */
  async readAll(files: readonly string[], archive: Remote): Promise<Unpacked[]> {
    const missing = files.find((file) => !this.#has(file));
    if (missing !== undefined) await this.#unpackArchive(missing, archive);
    return Promise.all(files.map((file) => this.#open(file)));
  }

  #has(file: string): boolean {
    return [file, `${file}.gz`].some((name) => existsSync(join(this.#folder, name)));
  }

  async #download(file: string, remote: Remote, name: string): Promise<string> {
    const path = join(this.#folder, name);
    if (!this.#mayDownload)
      throw new UserError(
        `${join(this.#folder, file)}: no such file, with or without .gz; put it there (from ${remote.url}) or leave out --data-dir`,
      );
    await download(remote, path, this.#progress);
    return path;
  }

  async #unpackArchive(missing: string, archive: Remote): Promise<void> {
    const path = await this.#download(missing, archive, "archive.tar.gz");
    const entries = parseTar(path, unzip(path, await readFile(path)));
    makeFolder(this.#folder);
    for (const [name, bytes] of entries)
      if (name.endsWith(".bin")) await writeWholeFile(join(this.#folder, name), [bytes]);
    await rm(path);
    if (!this.#has(missing))
      throw new UserError(
        `${archive.url}: expected ${missing} in the archive, found none; put the file in ${this.#folder} yourself`,
      );
  }

  async #open(name: string): Promise<Unpacked> {
    const plain = join(this.#folder, name);
    const file = existsSync(plain) ? plain : `${plain}.gz`;
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`${file}: cannot be read (${error.code})`);
    });
    return { file, bytes: file.endsWith(".gz") ? unzip(file, bytes) : bytes };
  }
}

function unzip(file: string, bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new UserError(`${file}: expected a gzip file (${(error as Error).message}); download it again`);
  }
}
