import { execFileSync, execSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const [packed] = JSON.parse(
  execSync("npm pack --dry-run --json --ignore-scripts", { stdio: "pipe" }).toString(),
) as [Packed];
const paths = packed.files.map(({ path }) => path);

/** dist/ may still hold files whose sources are gone. */
const sourceOf = (map: string) => map.replace(/^dist/, "src").replace(/js\.map$/, "ts");

it("The package holds every file that its exports and commands name", () => {
  const { exports, bin } = JSON.parse(readFileSync("package.json", "utf8"));
  const named = [
    ...Object.values(bin),
    ...Object.values(exports).flatMap((e) => (typeof e === "string" ? [e] : Object.values(e as object))),
  ];
  for (const path of named as string[]) expect(paths).toContain(path.replace(/^\.\//, ""));
});

it("The package holds every document that the README links", () => {
  const links = [...readFileSync("README.md", "utf8").matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)];
  expect(links.length).toBeGreaterThan(0);
  for (const [, path] of links) expect(paths).toContain(path);
});

it("The package holds source maps that need no other file, and no build information", () => {
  expect(paths.filter((path) => path.endsWith(".tsbuildinfo"))).toEqual([]);
  for (const path of paths.filter((path) => path.endsWith(".js.map") && existsSync(sourceOf(path))))
    expect(JSON.parse(readFileSync(path, "utf8")).sourcesContent, path).toHaveLength(1);
});

it("The package is smaller than 2 MB", () => {
  expect(packed.size).toBeLessThan(2e6);
});

it.skipIf(process.platform === "win32")(
  "The command is executable, so that npx can run it in the clone",
  () => {
    const { bin } = JSON.parse(readFileSync("package.json", "utf8")) as { bin: Record<string, string> };
    for (const file of Object.values(bin)) expect(() => accessSync(file, constants.X_OK)).not.toThrow();
  },
);

it("npx runs the command in the clone without a warning of npm", () => {
  // vitest may itself be started by npm, whose variables would stand in for the files that npm
  // reads.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
  const output = execFileSync("sh", ["-c", "npx blindspot --version 2>&1"], { env, encoding: "utf8" });
  expect(output).toBe(`${JSON.parse(readFileSync("package.json", "utf8")).version}\n`);
});
