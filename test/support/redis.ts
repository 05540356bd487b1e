import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Whether Debian's redis-server is here; tests that need it skip with this reason in their title.
 */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
export const redisReason = hasRedis
  ? ""
  : " [skipped: no redis-server on the path; apt-get install redis-server]";

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
}

/** A server of its own for a test: on a free port, in a temporary folder, with a password. */
export async function startRedis(password: string): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "blindspot-redis-"));
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const server = spawn("redis-server", [...args, "--requirepass", password], { stdio: "ignore" });
  while (!(await answers(port))) await sleep(20);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await stopped(server, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Sends a signal and waits for the end: its exit code, or null where the signal ended it. */
export async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    await once(child, "exit");
  }
  return child.exitCode;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
