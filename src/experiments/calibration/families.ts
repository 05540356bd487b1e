import type { DatasetName } from "../../datasets/index.js";
import type { FamilyName } from "./family-names.js";
import type { Task } from "./task.js";
import {
  adamOf,
  convCoderTask,
  convTask,
  denseCoderTask,
  discriminatorTask,
  flowTask,
  mlpTask,
  momentumOf,
  regressionTask,
} from "./tasks.js";

/** A family: one network and task on one data set. */
export interface Family {
  readonly name: FamilyName;
  readonly dataset: DatasetName;
  /** The classes that batches are composed of: those of the images, or real and generated. */
  readonly classes: "of images" | "real or generated";
  /** `main`: fewer compositions, for networks that take longer. */
  readonly compositions: "all" | "main";
  readonly task: Task;
}

const ofImages = (
  name: FamilyName,
  dataset: DatasetName,
  task: Task,
  compositions: Family["compositions"] = "all",
): Family => ({
  ...{ name, dataset, task, compositions },
  classes: "of images",
});

const halving = { channels: 16, stride: 2 };

/** All families, in the order of `familyNames`. */
export const families: readonly Family[] = [
  ofImages("mlp-mnist", "mnist", mlpTask([64, 32], momentumOf(0.01))),
  ofImages(
    "conv-fashion",
    "fashion-mnist",
    convTask([{ ...halving, channels: 8 }, halving], momentumOf(0.02)),
  ),
  ofImages("coder-mnist", "mnist", denseCoderTask([64, 16, 64], 2e-3)),
  ofImages("mlp-fashion", "fashion-mnist", mlpTask([64, 64, 32], adamOf(1e-3))),
  ofImages("conv-cifar", "cifar10", convTask([halving, halving, { channels: 32, stride: 2 }], adamOf(3e-3))),
  ofImages("coder-fashion", "fashion-mnist", convCoderTask(2e-3), "main"),
  ofImages("regression-mnist", "mnist", regressionTask([64, 32], 2e-3)),
  {
    name: "discriminator",
    dataset: "fashion-mnist",
    classes: "real or generated",
    compositions: "main",
    task: discriminatorTask(3e-4),
  },
  ofImages("flow-mnist", "mnist", flowTask(5e-3), "main"),
];
