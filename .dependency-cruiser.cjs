/**
 * Imports point one way (docs/architecture.md):
 * cli → report, audit, experiments → measure, onnx, nn → engine, tensor-files → theory → base.
 */
const room = (from, allowed) => ({
  name: `${from}-imports`,
  severity: "error",
  from: { path: `^src/${from}/` },
  to: { path: "^src/", pathNot: [`^src/${from}/`, ...allowed.map((a) => `^src/${a}(/|$)`)] },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    room("base", []),
    room("theory", []),
    room("engine", ["base", "theory"]),
    room("tensor-files", ["base", "theory"]),
    room("datasets", ["base"]),
    room("measure", ["base", "engine", "theory"]),
    room("nn", ["base", "engine", "measure/linear-op.ts", "theory"]),
    room("verify", ["base", "datasets", "engine", "nn", "theory"]),
    room("onnx", ["base", "engine", "measure/linear-op.ts", "theory"]),
    room("audit", ["base", "engine", "measure", "onnx", "tensor-files", "theory"]),
    room("experiments", [
      "audit",
      "base",
      "datasets",
      "engine",
      "measure",
      "nn",
      "tensor-files",
      "theory",
      "verify",
    ]),
    room("report", [
      "audit/report/result.ts",
      "audit/(compare|fail-on).ts",
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
      name: "tensor-files-and-theory-never-load-a-runtime",
      severity: "error",
      from: { path: "^src/(theory|tensor-files)/" },
      to: { path: "node_modules/(@jax-js|onnxruntime|onnx-buf)" },
    },
    {
      name: "only-the-tracer-and-the-language-touch-jax",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/(tracing|lang)/" },
      to: { path: "node_modules/@jax-js" },
    },
    {
      name: "only-the-queue-loads-a-client-of-redis",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/experiments/sweep/redis/" },
      to: { path: "node_modules/(bullmq|ioredis)" },
    },
    {
      name: "pure-folders-stay-off-the-file-system",
      severity: "error",
      from: { path: "^src/(theory|report|measure|engine/(lowering|graph|lang))" },
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
