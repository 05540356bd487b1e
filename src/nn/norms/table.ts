import { UserError } from "../../base/errors.js";
import { actNorm } from "./actnorm.js";
import { batchNorm } from "./batch.js";
import { batchRenorm } from "./batch-renorm.js";
import { detachedBatchNorm } from "./detached-batch.js";
import { dynamicTanh } from "./dynamic-tanh.js";
import { filterResponseNorm } from "./filter-response.js";
import { frozenBatchNorm } from "./frozen-batch.js";
import { ghostBatchNorm } from "./ghost-batch.js";
import { groupNorm } from "./group.js";
import { instanceNorm } from "./instance.js";
import { layerNorm } from "./layer.js";
import { noNorm } from "./none.js";
import type { Norm, NormOptions } from "./norm.js";
import { rmsNorm } from "./rms.js";
import { weightStandardization } from "./weight-standardization.js";

type PlainName = keyof typeof plainNorms;
type NumberedName = keyof typeof numberedNorms;

/** Name of a normalization: `bn`, `ghost:8` (8 samples per sub-batch), `gn:4` (4 groups). */
export type NormName = PlainName | `${NumberedName}:${number}`;

/** Norms whose name is all they need. A new norm is one entry. */
const plainNorms = {
  bn: batchNorm,
  ln: layerNorm,
  in: instanceNorm,
  rms: rmsNorm,
  brn: batchRenorm,
  frn: filterResponseNorm,
  ws: weightStandardization,
  actnorm: actNorm,
  dyt: dynamicTanh,
  frozen: frozenBatchNorm,
  detached: detachedBatchNorm,
  none: noNorm,
} satisfies Record<string, (options?: NormOptions) => Norm>;

/** Norms whose name ends with a number, such as `gn:4`. A new norm is one entry. */
const numberedNorms = {
  ghost: ghostBatchNorm,
  gn: groupNorm,
} satisfies Record<string, (size: number, options?: NormOptions) => Norm>;

const isPlain = (name: string): name is PlainName => Object.hasOwn(plainNorms, name);
const isNumbered = (kind: string): kind is NumberedName => Object.hasOwn(numberedNorms, kind);

/**
 * Makes the normalization of a name.
 *
 * @param name - Name of the normalization; {@link normNames} lists all.
 * @param options - ε. Default: as in PyTorch or in the normalization's paper.
 * @returns The normalization in its two phases.
 * @throws {@link UserError} if there is no normalization of that name.
 *
 * @example
 * ```ts
 * import { norm } from "blindspot/nn";
 *
 * const groupNorm = norm("gn:4");
 * console.log(groupNorm.title, groupNorm.blocks([2, 8, 5, 5])?.ones); // group norm in 4, true
 * ```
 */
export function norm(name: NormName, options: NormOptions = {}): Norm {
  if (isPlain(name)) return plainNorms[name](options);
  const [kind, size] = name.split(":");
  if (isNumbered(kind) && /^[1-9]\d*$/.test(size ?? "")) return numberedNorms[kind](Number(size), options);
  throw new UserError(`norm ${name}: expected one of ${normNames.join(", ")}`);
}

/** Every name that {@link norm} takes; N stands for a whole number. */
export const normNames: readonly string[] = [
  ...Object.keys(plainNorms),
  ...Object.keys(numberedNorms).map((kind) => `${kind}:N`),
];
