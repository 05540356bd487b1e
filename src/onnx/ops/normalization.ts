import * as lang from "../../engine/lang/index.js";
import { normOperators } from "../norms/kinds.js";
import { normalize } from "../norms/normalize.js";
import { specOfNode } from "../norms/spec.js";
import type { Op, OpTable } from "./context.js";

/**
 * A normalization that is not audited. Batch normalization runs with the statistics of the batch,
 * whatever mode the file has, unless it is frozen: the audit describes training.
 */
const normalization: Op = (node) => {
  const spec = specOfNode(node.node, node.opset);
  if (!spec) throw node.error("is no normalization");
  return normalize(spec, node.tensor(0), {
    scale: spec.scale ? node.tensor(1) : null,
    bias: spec.bias ? node.tensor(2) : null,
    frozen: spec.frozen && { mean: node.tensor(3), variance: node.tensor(4) },
  });
};

/** x/(bias + alpha/size · Σ x²)^beta, summed over `size` neighbouring channels. */
const localResponse: Op = (node) => {
  const x = node.tensor(0);
  const size = node.attributes.number("size", 1);
  const before = Math.floor((size - 1) / 2);
  const channels = x.shape[1];
  const squares = lang.pad(
    lang.square(x),
    x.shape.map((_, i) => (i === 1 ? ([before, size - 1 - before] as const) : ([0, 0] as const))),
  );
  const shifted = Array.from({ length: size }, (_, k) =>
    lang.slice(
      squares,
      x.shape.map((n, i) => (i === 1 ? ([k, k + channels] as const) : ([0, n] as const))),
    ),
  );
  const sum = shifted.reduce((a, b) => lang.add(a, b));
  const base = lang.add(
    lang.mul(sum, node.attributes.number("alpha", 1e-4) / size),
    node.attributes.number("bias", 1),
  );
  return lang.div(x, lang.pow(base, node.attributes.number("beta", 0.75)));
};

/** x/‖x‖ along one axis, with the 1-norm or the 2-norm. A vector of zeros stays as it is. */
const lpNormalization: Op = (node) => {
  const x = node.tensor(0);
  const axis = [node.axis(node.attributes.number("axis", -1), x.ndim)];
  const norm =
    node.attributes.number("p", 2) === 1
      ? lang.sum(lang.abs(x), axis, { keepdims: true })
      : lang.rootOfPowers(lang.sum(lang.square(x), axis, { keepdims: true }));
  const zero = lang.equal(norm, 0);
  return lang.where(zero, 0, lang.div(x, lang.where(zero, 1, norm)));
};

export const normalizationOps: OpTable = {
  ...Object.fromEntries(normOperators.map((op) => [op, normalization])),
  LRN: localResponse,
  LpNormalization: lpNormalization,
};
