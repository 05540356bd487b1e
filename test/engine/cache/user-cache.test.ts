import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { userCache } from "../../../src/engine/cache/user-cache.js";
import { temporaryFolder } from "../../support/temporary.js";

const { path, write } = temporaryFolder();
afterEach(() => void vi.unstubAllEnvs());

async function folderOf(cache: ReturnType<typeof userCache>): Promise<string> {
  const digest = await cache!.digest(["x"]);
  await cache!.put(digest, new Uint8Array(10));
  return digest;
}

it("The tests run without a cache", () => {
  expect(userCache()).toBeUndefined();
});

it("The cache is in XDG_CACHE_HOME, or in the home folder's .cache", async () => {
  vi.stubEnv("XDG_CACHE_HOME", path("xdg"));
  vi.stubEnv("HOME", path("home"));
  expect(existsSync(join(path("xdg"), "blindspot", "programs", await folderOf(userCache(""))))).toBe(true);
  vi.stubEnv("XDG_CACHE_HOME", undefined);
  expect(
    existsSync(join(path("home"), ".cache", "blindspot", "programs", await folderOf(userCache("")))),
  ).toBe(true);
});

it("The cache is in the folder that BLINDSPOT_CACHE names", async () => {
  vi.stubEnv("BLINDSPOT_CACHE", path("mine"));
  expect(existsSync(join(path("mine"), await folderOf(userCache())))).toBe(true);
});

it.each([
  ["of", "BLINDSPOT_CACHE: expected off or the absolute path of a folder, got of"],
  ["0", "BLINDSPOT_CACHE: expected off or the absolute path of a folder, got 0"],
  [write("file", ""), `BLINDSPOT_CACHE: expected off or a folder, got the file ${path("file")}`],
])("The setting BLINDSPOT_CACHE=%s is refused", (setting, message) => {
  expect(() => userCache(setting)).toThrow(message);
});
