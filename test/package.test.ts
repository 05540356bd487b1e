import { execSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

/** dist/ may still hold what sources that are gone have left there. */
const sourceOf = (map: string) => map.replace(/^dist/, "src").replace(/js\.map$/, "ts");

it("the package holds what its exports name, and source maps that need no other file", () => {
  const [{ files }] = JSON.parse(
    execSync("npm pack --dry-run --json --ignore-scripts", { stdio: "pipe" }).toString(),
  ) as [Packed];
  const paths = files.map(({ path }) => path);
  const { exports, bin } = JSON.parse(readFileSync("package.json", "utf8"));
  const named = [
    ...Object.values(bin),
    ...Object.values(exports).flatMap((e) => (typeof e === "string" ? [e] : Object.values(e as object))),
  ];
  for (const path of named as string[]) expect(paths).toContain(path.replace(/^\.\//, ""));
  expect(paths.filter((path) => path.endsWith(".tsbuildinfo"))).toEqual([]);
  for (const path of paths.filter((path) => path.endsWith(".js.map") && existsSync(sourceOf(path))))
    expect(JSON.parse(readFileSync(path, "utf8")).sourcesContent, path).toHaveLength(1);
});

it.skipIf(process.platform === "win32")(
  "what bin names is executable, without which npx blindspot is refused inside the clone",
  () => {
    const { bin } = JSON.parse(readFileSync("package.json", "utf8")) as { bin: Record<string, string> };
    for (const file of Object.values(bin)) expect(() => accessSync(file, constants.X_OK)).not.toThrow();
  },
);
