import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Results, work } from "./work.js";

/**
 * The engine in a browser: the same work, bundled by Vite and run by onnxruntime-web in headless
 * Chromium, gives what onnxruntime-node gives.
 */

const executable = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);
const skipped = executable ? "" : " (skipped: no Chromium; install it or name it in CHROMIUM)";

describe.skipIf(executable === undefined)(`in Chromium${skipped}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "blindspot-browser-"));
  let server: Server;
  let browser: Browser;
  let page: Page;
  let reference: Results;
  const complaints: string[] = [];

  beforeAll(async () => {
    await bundle(folder);
    server = await serve(folder);
    browser = await chromium.launch({ executablePath: executable!, args: SOFTWARE_WEBGPU });
    page = await browser.newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.work !== undefined", undefined, { timeout: 30_000 });
    reference = await work("cpu");
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true });
  });

  const inPage = (device: string) => page.evaluate<Results>(`work("${device}")`);

  it("WebAssembly with threads agrees with onnxruntime-node", async () => {
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    const results = await inPage("cpu");
    expectSame(results.gradient, reference.gradient, 1e-5);
    expectSame(results.stepped, reference.stepped, 1e-6);
    expectSame(results.precise!, reference.precise!, 1e-14);
    expect(complaints).toEqual([]);
  });

  it("WebGPU agrees with onnxruntime-node, or says in a line that it is not there", async (context) => {
    const adapter = await page.evaluate<string | null>(
      "navigator.gpu?.requestAdapter().then((a) => a && a.info.vendor + ' ' + a.info.architecture)",
    );
    if (adapter === null || adapter === undefined) {
      await expect(inPage("webgpu")).rejects.toThrow("device webgpu: this browser offers no WebGPU adapter");
      return context.skip("this Chromium has no WebGPU adapter");
    }
    await context.annotate(`WebGPU adapter: ${adapter}`);
    const results = await inPage("webgpu");
    expectSame(results.gradient, reference.gradient, 1e-4);
    expectSame(results.stepped, reference.stepped, 1e-5);
  });

  it("has no CUDA, and says so", async () => {
    await expect(inPage("cuda")).rejects.toThrow(
      "device cuda: not available in a browser, use cpu or webgpu",
    );
  });
});

/** Chromium's own software Vulkan, so that WebGPU can be tested where there is no graphics card. */
const SOFTWARE_WEBGPU = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

async function bundle(outDir: string): Promise<void> {
  const root = fileURLToPath(new URL(".", import.meta.url));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    base: "./",
    build: { outDir, emptyOutDir: false, target: "es2022", minify: false, reportCompressedSize: false },
  });
}

/**
 * On loopback, with the two headers that make a page cross-origin isolated: threads share memory
 * only then.
 */
function serve(folder: string): Promise<Server> {
  const types: Record<string, string> = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
  };
  const server = createServer(({ url = "/" }, response) => {
    const file = join(folder, url === "/" ? "index.html" : new URL(url, "http://localhost").pathname);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Relative L2 distance of each tensor. */
function expectSame(actual: readonly number[][], expected: readonly number[][], tolerance: number): void {
  expect(actual.map((a) => a.length)).toEqual(expected.map((e) => e.length));
  const length = (v: readonly number[]) => Math.hypot(...v);
  const distances = expected.map(
    (e, i) => length(e.map((x, j) => x - actual[i][j])) / Math.max(length(e), 1e-3),
  );
  expect(Math.max(...distances)).toBeLessThan(tolerance);
}
