/**
 * Trains the small run in the given folder, slowly enough that a test can kill it: at least 20 ms a
 * step.
 */
import { setTimeout } from "node:timers/promises";
import { train } from "../../../src/experiments/training/train.js";
import { smallRun } from "./small-run.js";

const run = await smallRun();
await train(
  { ...run, evaluate: async () => ({ waited: await setTimeout(140, 1) }) },
  { folder: process.argv[2], resume: true },
);
