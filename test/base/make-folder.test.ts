import { statSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { makeFolder } from "../../src/base/make-folder.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const { path } = temporaryFolder();

it("Missing folders are made with the given permissions, and existing folders are left alone", () => {
  makeFolder(path("a/b"), { mode: 0o700 });
  makeFolder(path("a/b"), { mode: 0o500 });
  for (const name of ["a", "a/b"]) expect(statSync(path(name)).mode & 0o777).toBe(0o700);
});

it("A folder below a file is refused", async () => {
  writeFileSync(path("file"), "");
  await expectUserError(
    async () => makeFolder(path("file/below")),
    path("file"),
    /expected a folder, got a file/,
  );
});

it.skipIf(process.platform !== "linux")("A file system that takes no new folders is refused", async () => {
  await expectUserError(async () => makeFolder("/proc/no/such/folder"), "/proc/no", /cannot be made/);
});
