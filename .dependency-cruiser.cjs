/** Imports point one way (docs/architecture.md): cli → audit → onnx, trace, datasets → engine → theory; report knows result types only. */
const layer = (name, from, allowed) => ({
  name,
  severity: "error",
  from: { path: `^src/${from}/` },
  to: { path: "^src/", pathNot: [`^src/${from}/`, ...allowed.map((a) => `^src/${a}(/|$)`)] },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    layer("theory-imports-nothing", "theory", []),
    layer("engine-imports-theory-only", "engine", ["theory", "tensor.ts", "errors.ts"]),
    layer("trace-imports", "trace", ["theory", "tensor.ts", "errors.ts", "half-floats.ts"]),
    layer("datasets-imports", "datasets", ["tensor.ts", "errors.ts"]),
    layer("nn-imports", "nn", ["engine", "theory", "datasets/random.ts", "tensor.ts", "errors.ts"]),
    layer("verify-imports", "verify", [
      "nn",
      "engine",
      "theory",
      "datasets",
      "tensor.ts",
      "errors.ts",
      "version.ts",
    ]),
    layer("onnx-imports", "onnx", ["engine", "theory", "tensor.ts", "errors.ts", "half-floats.ts"]),
    layer("audit-imports", "audit", [
      "onnx",
      "trace",
      "datasets/random.ts",
      "engine",
      "theory",
      "tensor.ts",
      "errors.ts",
      "version.ts",
    ]),
    layer("experiments-imports", "experiments", [
      "audit",
      "trace",
      "nn",
      "engine",
      "theory",
      "datasets",
      "tensor.ts",
      "errors.ts",
      "version.ts",
    ]),
    layer("report-imports-results", "report", [
      "audit/(result|compare|fail-on).ts",
      "verify/result.ts",
      "experiments/(sweep/)?result.ts",
    ]),
    {
      name: "report-imports-types-only",
      severity: "error",
      from: { path: "^src/report/" },
      to: { path: "^src/(audit|verify|experiments)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "trace-and-theory-never-load-a-runtime",
      severity: "error",
      from: { path: "^src/(theory|trace)/" },
      to: { path: "node_modules/(@jax-js|onnxruntime|onnx-buf)" },
    },
    {
      name: "only-the-tracer-and-the-language-touch-jax",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/(trace|jax|lang/)" },
      to: { path: "node_modules/@jax-js" },
    },
    {
      name: "pure-folders-stay-off-the-file-system",
      severity: "error",
      from: { path: "^src/(theory|report|engine/(rules|lang|passes))" },
      to: { dependencyTypes: ["core"] },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default", "types"] },
  },
};
