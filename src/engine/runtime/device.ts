/**
 * Where a program runs. In a browser `cpu` is WebAssembly; `cuda` and `webgpu` need hardware and a
 * driver.
 */
export type Device = "cpu" | "cuda" | "webgpu";
