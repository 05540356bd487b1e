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

type SimpleName = keyof typeof simpleNorms;
type NumberedName = keyof typeof numberedNorms;

/** A norm as one writes it on a command line: `bn`, `ghost:8` (samples per sub-batch), `gn:4` (groups). */
export type NormName = SimpleName | `${NumberedName}:${number}`;

const simpleNorms = {
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

const numberedNorms = {
  ghost: ghostBatchNorm,
  gn: groupNorm,
} satisfies Record<string, (size: number, options?: NormOptions) => Norm>;

/** The normalization of that name, with PyTorch's (or its paper's) defaults for what `options` leaves open. */
export function norm(name: NormName, options: NormOptions = {}): Norm {
  const [kind, size] = name.split(":");
  const simple = Object.hasOwn(simpleNorms, name) ? simpleNorms[name as SimpleName] : undefined;
  if (simple) return simple(options);
  const numbered = Object.hasOwn(numberedNorms, kind) ? numberedNorms[kind as NumberedName] : undefined;
  if (numbered && /^[1-9]\d*$/.test(size ?? "")) return numbered(Number(size), options);
  throw new UserError(`norm ${name}: expected one of ${normNames.join(", ")}`);
}

/** What `norm` understands, N standing for a whole number. */
export const normNames: readonly string[] = [
  ...Object.keys(simpleNorms),
  ...Object.keys(numberedNorms).map((kind) => `${kind}:N`),
];
