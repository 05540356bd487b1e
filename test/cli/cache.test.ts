import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, it, vi } from "vitest";
import { blindspot } from "../support/blindspot.js";
import { temporaryFolder } from "../support/temporary.js";

const { path } = temporaryFolder();
const AUDIT = ["audit", "examples/glyphs.onnx", "--data", "examples/one-class.npz", "--format", "json"];
afterEach(() => void vi.unstubAllEnvs());

const report = (stdout: string): object => ({ ...JSON.parse(stdout), elapsedMs: null });

function audit(setting: string): object {
  vi.stubEnv("BLINDSPOT_CACHE", setting);
  const { code, stdout, stderr } = blindspot(...AUDIT);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return report(stdout);
}

it("A second start reports the same numbers to the last digit as the first, even if cache files are damaged", () => {
  const folder = path("programs");
  const without = audit("off");
  expect(audit(folder)).toEqual(without);
  const files = readdirSync(folder);
  expect(files).toHaveLength(2);
  expect(audit(folder)).toEqual(without);
  for (const file of files.map((name) => join(folder, name)))
    writeFileSync(file, readFileSync(file).subarray(0, 100));
  expect(audit(folder)).toEqual(without);
  expect(readdirSync(folder)).toEqual(files);
});

it("Processes that start at the same time share a cache folder", async () => {
  const folder = path("shared");
  const start = () =>
    promisify(execFile)(process.execPath, ["dist/cli/main.js", ...AUDIT], {
      env: { ...process.env, BLINDSPOT_CACHE: folder },
    });
  const [a, b, c] = await Promise.all([start(), start(), start()]);
  expect(report(a.stdout)).toEqual(report(b.stdout));
  expect(report(a.stdout)).toEqual(report(c.stdout));
  expect(readdirSync(folder).filter((name) => !/^[0-9a-f]{64}$/.test(name))).toEqual([]);
  expect(readdirSync(folder)).toHaveLength(2);
});

it("A wrong BLINDSPOT_CACHE is refused in one line", () => {
  vi.stubEnv("BLINDSPOT_CACHE", "yes");
  const { code, stdout, stderr } = blindspot(...AUDIT);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toBe("blindspot: BLINDSPOT_CACHE: expected off or the absolute path of a folder, got yes\n");
});

it("Slower standard ONNX is compiled only for --save-graph", () => {
  const folder = path("operators");
  const graph = path("graph.onnx");
  vi.stubEnv("BLINDSPOT_CACHE", folder);
  const usesContrib = (file: string) => readFileSync(file).includes("FusedMatMul");
  blindspot(...AUDIT);
  expect(readdirSync(folder).some((name) => usesContrib(join(folder, name)))).toBe(true);
  blindspot(...AUDIT, "--save-graph", graph);
  expect(usesContrib(graph)).toBe(false);
});
