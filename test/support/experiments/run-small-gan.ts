/** Trains the small GAN into the folder given, slowly enough to be killed on the way. */
import { setTimeout } from "node:timers/promises";
import { train } from "../../../src/experiments/training/train.js";
import { smallGan } from "./small-gan.js";

const run = await smallGan();
await train(
  { ...run, measure: async () => ({ waited: await setTimeout(140, 1) }) },
  { folder: process.argv[2], resume: true },
);
