import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The PyTorch process that does the same work as ours; see peer.py for its requests. */
export class Peer {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  constructor(python = process.env.BLINDSPOT_PYTHON ?? "/usr/bin/python3") {
    const script = fileURLToPath(new URL("peer.py", import.meta.url));
    this.child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
    this.reader = createInterface({ input: this.child.stdout! });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  async ask<Answer>(request: object): Promise<Answer> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error("the peer process ended; is PyTorch installed for this python?");
    return JSON.parse(value) as Answer;
  }

  close(): void {
    this.child.kill();
    this.reader.close();
  }
}
