// The script of `npm start`: audits the example model on a mixed and on a one-class batch, then compares both.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = join(root, "reports");
mkdirSync(reports, { recursive: true });

function blindspot(...args) {
  console.log(`$ blindspot ${args.join(" ")}`);
  execFileSync(process.execPath, [join(root, "dist/cli/main.js"), ...args], { cwd: root, stdio: "inherit" });
  console.log();
}

for (const batch of ["mixed", "one-class"]) {
  const audit = [
    "audit",
    "examples/glyphs.onnx",
    "--data",
    `examples/${batch}.npz`,
    "--loss",
    "cross-entropy",
  ];
  blindspot(...audit);
  blindspot(...audit, "-o", `reports/${batch}.json`);
}
blindspot("compare", "reports/mixed.json", "reports/one-class.json");
blindspot(
  ...["audit", "examples/glyphs.onnx", "--data", "examples/one-class.npz", "--loss", "cross-entropy"],
  ...["-o", "reports/one-class.html"],
);
console.log(`Open this report in a browser: ${relative(process.cwd(), join(reports, "one-class.html"))}`);
