// The script of `npm start`: audits the example model on shuffled batches and on batches of one class, then compares both.
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

const audit = (batches, ...args) =>
  blindspot(
    ...["audit", "examples/glyphs.onnx", "--data", "examples/samples.npz", "--batches", batches],
    ...args,
  );

audit("shuffled:64");
audit("label:64");
audit("shuffled:64", "-o", "reports/shuffled.json");
audit("label:64", "-o", "reports/one-class.json");
blindspot("compare", "reports/shuffled.json", "reports/one-class.json");
audit("label:64", "-o", "reports/one-class.html");
console.log(`Open this report in a browser: ${relative(process.cwd(), join(reports, "one-class.html"))}`);
