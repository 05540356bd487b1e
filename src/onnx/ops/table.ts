import * as lang from "../../engine/lang/index.js";
import type { OnnxNode } from "../model.js";
import { activationOps, microsoftActivationOps } from "./activation.js";
import type { Op, OpTable } from "./context.js";
import { elementwiseOps } from "./elementwise.js";
import { linearOps } from "./linear.js";
import { lossOps } from "./loss.js";
import { movementOps } from "./movement.js";
import { normalizationOps } from "./normalization.js";
import { poolOps } from "./pool.js";
import { reduceOps } from "./reduce.js";
import { resizeOps } from "./resize.js";
import { shapeOps } from "./shape.js";

const onnxOps: OpTable = {
  ...activationOps,
  ...elementwiseOps,
  ...linearOps,
  ...lossOps,
  ...movementOps,
  ...normalizationOps,
  ...poolOps,
  ...reduceOps,
  ...resizeOps,
  ...shapeOps,
};

/** The ops of each operator set. */
const domains: Readonly<Record<string, OpTable>> = {
  "": onnxOps,
  "com.microsoft": microsoftActivationOps,
  blindspot: { StopGradient: (node) => lang.stopGradient(node.traced(0)) },
};

/** The function that evaluates a node, or undefined if blindspot does not support its op. */
export const opOf = (node: OnnxNode): Op | undefined => domains[node.domain]?.[node.op];
