import { existsSync, readFileSync } from "node:fs";

/**
 * Largest resident memory of this process so far, in MiB. On Linux from the process's own address space: what
 * `resourceUsage` says there starts at the peak of the parent process.
 */
export function peakMemory(): number {
  const status = "/proc/self/status";
  const kibibytes = existsSync(status)
    ? Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(status, "utf8"))?.[1])
    : process.resourceUsage().maxRSS;
  return kibibytes / 1024;
}
