import { UserError } from "../../base/errors.js";
import type { Dataset } from "../../datasets/index.js";
import { levelsOf, ofClasses } from "./images.js";
import type { Settings } from "./settings.js";

export type Shape = readonly [channels: number, height: number, width: number];

/**
 * Held-out images of two classes. The i-th image of one class is paired with the i-th image of the
 * other.
 */
export interface Pairs {
  readonly shape: Shape;
  readonly count: number;
  /** Grey levels of the images of the first class, image by image. */
  readonly first: Uint8Array;
  /** Grey levels of the images of the second class, image by image. */
  readonly second: Uint8Array;
}

/** The first pairs of test images. Throws a UserError where the settings do not fit the data. */
export function pairsOf({ name, classes, shape, test }: Dataset, settings: Settings): Pairs {
  const { first, second, batch, pairs } = settings;
  if (shape[0] !== 1) throw new UserError(`dataset=${name}: expected grey images, got ${shape[0]} channels`);
  for (const [setting, label] of Object.entries({ first, second }))
    if (label >= classes.length)
      throw new UserError(`${setting}=${label}: expected a class of ${name}, 0 to ${classes.length - 1}`);
  if (first === second)
    throw new UserError(`second=${second}: expected another class than first=${first}; choose two classes`);
  if (pairs % batch !== 0) throw new UserError(`pairs=${pairs}: expected a multiple of the batch, ${batch}`);
  const held = Math.min(...[first, second].map((label) => test.labels.filter((l) => l === label).length));
  if (pairs > held)
    throw new UserError(
      `pairs=${pairs}: ${name} holds out ${held} pairs of these classes; choose at most as many`,
    );
  const indices = Array.from({ length: pairs }, (_, i) => i);
  const levels = (label: number) => levelsOf(ofClasses(test, [label]), indices);
  return { shape, count: pairs, first: levels(first), second: levels(second) };
}
