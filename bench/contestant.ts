import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A process that runs one side of a benchmark. peer.py documents its requests and answers. */
export class Contestant {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  private constructor(
    private readonly name: string,
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ) {
    this.child = spawn(command, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    this.reader = createInterface({ input: this.child.stdout! });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** Starts our side. */
  static ours(): Contestant {
    return new Contestant("blindspot", process.execPath, ["--import", "tsx", here("worker.ts")]);
  }

  /**
   * Starts PyTorch's side. OMP_NUM_THREADS also limits the thread of the backward pass, which
   * `torch.set_num_threads` does not.
   */
  static pytorch(threads = 2, python = process.env.BLINDSPOT_PYTHON ?? "/usr/bin/python3"): Contestant {
    return new Contestant("PyTorch", python, [here("peer.py")], { OMP_NUM_THREADS: String(threads) });
  }

  /** Sends a request and returns its answer. */
  async ask<Answer>(request: object): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the ${this.name} process ended without an answer`);
    return JSON.parse(value) as Answer;
  }

  close(): void {
    this.child.kill();
    this.reader.close();
  }
}
