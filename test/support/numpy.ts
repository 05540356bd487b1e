import { execFileSync } from "node:child_process";

const PYTHON = "/usr/bin/python3";

/** Runs a Python program with NumPy and returns what it prints. */
export function python(program: string, ...args: string[]): string {
  return execFileSync(PYTHON, ["-c", program, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function probe(): boolean {
  try {
    python("import numpy");
    return true;
  } catch {
    return false;
  }
}

/** Whether NumPy is here; tests that need it skip with this reason in their title. */
export const hasNumpy = probe();
export const numpyReason = hasNumpy ? "" : ` [skipped: no NumPy under ${PYTHON}]`;
