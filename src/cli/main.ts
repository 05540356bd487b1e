#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { UserError } from "../base/errors.js";
import { version } from "../base/version.js";
import { auditCommand } from "./audit.js";
import { compareCommand } from "./compare.js";
import { reproduceCommand } from "./reproduce.js";
import { sweepCommand } from "./sweep.js";
import { verifyCommand } from "./verify.js";
import { workerCommand } from "./worker.js";

const EXIT = { wrongUse: 2, internal: 3 } as const;

const program = new Command("blindspot")
  .description("Shows what normalization layers hide from the loss.")
  .version(version)
  .addHelpText(
    "after",
    `
Environment:
  BLINDSPOT_CACHE    absolute path of the folder for compiled programs, or off
                     (default: blindspot/programs in $XDG_CACHE_HOME or ~/.cache)
  BLINDSPOT_THREADS  number of threads for one operator (default: number of cores)
  BLINDSPOT_REDIS    URL of the Redis server, used by --redis without a URL

Exit codes: 0 done; 1 a condition of --fail-on holds, or a check of verify fails;
2 wrong use or bad input; 3 internal error; 5 no normalization layer found.`,
  )
  .exitOverride()
  .configureOutput({
    outputError: (text, write) =>
      write(
        `blindspot: ${text
          .replace(/^error: /, "")
          .trim()
          .replace(/\s*\n\s*/g, " ")} (see blindspot --help)\n`,
      ),
  });

program.addCommand(auditCommand().copyInheritedSettings(program));
program.addCommand(compareCommand().copyInheritedSettings(program));
program.addCommand(verifyCommand().copyInheritedSettings(program));
program.addCommand(reproduceCommand().copyInheritedSettings(program));
program.addCommand(sweepCommand().copyInheritedSettings(program));
program.addCommand(workerCommand().copyInheritedSettings(program));

process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  // A reader may close the pipe early (`| head`). This is no error; the exit code of --fail-on is
  // kept.
  if (code === "EPIPE") process.exit();
  console.error(`blindspot: standard output: cannot be written (${code ?? message})`);
  process.exit(EXIT.wrongUse);
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
  if (error instanceof UserError) {
    console.error(`blindspot: ${error.message}`);
    return error.exitCode;
  }
  console.error(
    `blindspot: internal error; please report it with this text: ${error instanceof Error ? error.stack : error}`,
  );
  return EXIT.internal;
}
