import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { writeWholeFile, writeWholeFileSync } from "../../src/base/write-file.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();
const bytes = (text: string) => new TextEncoder().encode(text);

it("A file is replaced and no temporary file remains", async () => {
  mkdirSync(folder.path("replaced"));
  const path = folder.write("replaced/file", "old");
  writeWholeFileSync(path, "new");
  expect(readFileSync(path, "utf8")).toBe("new");
  await writeWholeFile(path, [bytes("in "), bytes("parts")]);
  expect(readFileSync(path, "utf8")).toBe("in parts");
  expect(readdirSync(folder.path("replaced"))).toEqual(["file"]);
});

it("A file keeps its old content when a part cannot be made", async () => {
  mkdirSync(folder.path("kept"));
  const path = folder.write("kept/file", "old");
  const parts = async function* () {
    yield bytes("new");
    throw new Error("out of parts");
  };
  await expectUserError(() => writeWholeFile(path, parts()), path, /cannot be written \(out of parts\)/);
  expect(readFileSync(path, "utf8")).toBe("old");
  expect(readdirSync(folder.path("kept"))).toEqual(["file"]);
});

it.each(["missing/file", "plain/file"])(
  "A file in a folder that is none (%s) is refused by its path",
  async (name) => {
    folder.write("plain", "a file, not a folder");
    const path = folder.path(name);
    await expectUserError(async () => writeWholeFileSync(path, ""), path, /cannot be written \(ENO/);
    await expectUserError(() => writeWholeFile(path, []), path, /cannot be written \(ENO/);
  },
);

it.skipIf(process.platform === "win32")("A file gets the permissions asked for", () => {
  const path = folder.path("private");
  writeWholeFileSync(path, "secret", { mode: 0o600 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});
