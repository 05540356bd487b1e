/**
 * Trains the small GAN in the given folder, slowly enough that a test can kill it before the end.
 */
import { setTimeout } from "node:timers/promises";
import { train } from "../../../src/experiments/training/train.js";
import { smallGan } from "./small-gan.js";

const run = await smallGan();
await train(
  { ...run, evaluate: async () => ({ waited: await setTimeout(140, 1) }) },
  { folder: process.argv[2], resume: true },
);
