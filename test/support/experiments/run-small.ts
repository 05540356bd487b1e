/** Trains the small run into the folder given, slowly enough to be killed on the way: at most a step in 20 ms. */
import { setTimeout } from "node:timers/promises";
import { train } from "../../../src/experiments/training/train.js";
import { smallRun } from "./small-run.js";

const run = await smallRun();
await train(
  { ...run, measure: async () => ({ waited: await setTimeout(140, 1) }) },
  { folder: process.argv[2], resume: true },
);
