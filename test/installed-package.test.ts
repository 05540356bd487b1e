import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/temporary.js";

const { path } = temporaryFolder();
const root = process.cwd();
const folder = path("project");
const { exports, version } = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, unknown>;
  version: string;
};

/** Names under which modules are imported; the other exports are JSON files. */
const names = Object.keys(exports)
  .filter((name) => !name.endsWith(".json"))
  .map((name) => name.replace(/^\./, "blindspot"));

// Variables of the npm that runs the tests would point it at this repository.
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"))),
  BLINDSPOT_CACHE: "off",
  ONNXRUNTIME_NODE_INSTALL: "skip",
};

function run(command: string, arguments_: readonly string[], cwd = folder) {
  const { status, stdout, stderr } = spawnSync(command, arguments_, { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

/**
 * Compiles files of the project as a strict user does, who also checks the declarations of
 * packages.
 */
function compile(texts: Readonly<Record<string, string>>, options: object = {}) {
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(folder, file), text);
  const strict = {
    strict: true,
    skipLibCheck: false,
    module: "NodeNext",
    target: "es2022",
    types: [],
    noEmit: true,
  };
  const config = { compilerOptions: { ...strict, ...options }, files: Object.keys(texts) };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  return run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."]);
}

const imports = names
  .map((name, i) => `import * as part${i} from "${name}";\nexport { part${i} };`)
  .join("\n");

describe("The package, installed from its tarball in an empty folder", () => {
  let unreachable: string | undefined;

  beforeAll(() => {
    mkdirSync(folder);
    const pack = run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], root);
    expect(pack.status, pack.stderr).toBe(0);
    const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    const install = run("npm", ["install", ...quiet, `./blindspot-${version}.tgz`]);
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(install.stderr))
      unreachable = "the npm registry cannot be reached, and npm's cache lacks a package";
    else expect(install.status, install.stderr).toBe(0);
  }, 300_000);

  beforeEach((context) => {
    if (unreachable !== undefined) context.skip(unreachable);
  });

  it("npx blindspot audits a model", () => {
    for (const file of ["glyphs.onnx", "one-class.npz"]) copyFileSync(`examples/${file}`, join(folder, file));
    const audit = run("npx", ["blindspot", "audit", "glyphs.onnx", "--data", "one-class.npz"]);
    expect(audit.stderr).not.toMatch(/warn/i);
    expect(audit.status).toBe(0);
    expect(audit.stdout).toMatch(/bn4.*blind/);
  });

  it.each(names)("%s has the same exports for import and for require", (name) => {
    const list = "console.log(Object.keys(part).filter((key) => key !== '__esModule').sort().join())";
    const imported = run(process.execPath, [
      "--input-type=module",
      "-e",
      `import * as part from "${name}"; ${list}`,
    ]);
    const required = run(process.execPath, ["-e", `const part = require("${name}"); ${list}`]);
    expect(imported.status, imported.stderr).toBe(0);
    expect(required.status, required.stderr).toBe(0);
    expect(imported.stdout.trim()).not.toBe("");
    expect(required.stdout).toBe(imported.stdout);
  });

  it("Strict files of a user compile with every declaration checked, with import and with require", () => {
    const imported = `${imports}
import { auditModel, type AuditReport } from "blindspot";
import { compile, lang, type TracedFunction } from "blindspot/engine";
const double: TracedFunction = (x) => [lang.mul(x, 2)];
export const report: Promise<AuditReport> = auditModel("model.onnx", { data: "batch.npz" });
export const program = await compile(double, [{ shape: [2], dtype: "float32" }]);
`;
    const required = `import blindspot = require("blindspot");\nexport const { auditModel } = blindspot;\n`;
    expect(compile({ "user.mts": imported, "user.cts": required }).stdout).toBe("");
  }, 300_000);

  it("Neither the types of the DOM nor those of Node are needed", () => {
    const options = { lib: ["es2022"], exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    expect(compile({ "no-dom.mts": imports }, options).stdout).toBe("");
  }, 300_000);
});
