import { UserError } from "../../base/errors.js";
import { showShape, sizeOf } from "../../base/tensor.js";
import type { Traced } from "../../engine/lang/index.js";
import type { StructuredLinearOp } from "../../measure/linear-op.js";
import type { Evaluation } from "../evaluation.js";
import { normalize } from "../norms/normalize.js";
import type { NormLayer } from "../norms/spec.js";
import { type AffineLayout, type Factor, reducedAxes, type StatisticsAxes } from "../norms/statistics.js";
import { broadcastShapes } from "../values/host.js";
import { traceLinearOp } from "./linear-op.js";
import type { Hooks } from "./opened-model.js";
import type { LayerStep, Step } from "./plan-steps.js";

/** Traces the steps in order. Returns the linear op below each layer. */
export function runSteps(
  steps: readonly Step[],
  evaluation: Evaluation,
  hooks: Partial<Hooks>,
): (StructuredLinearOp | null)[] {
  const linearOps: (StructuredLinearOp | null)[] = [];
  for (const step of steps) {
    if (step.kind === "node") {
      evaluation.run(step.node);
      continue;
    }
    const z = runLayer(step, linearOps.length, evaluation, hooks);
    evaluation.set(step.layer.output, z);
    linearOps.push(step.linearOp && traceLinearOp(step.linearOp, evaluation));
  }
  return linearOps;
}

/** Traces one normalization in its two phases, with the hooks around each phase. */
function runLayer({ layer }: LayerStep, i: number, evaluation: Evaluation, hooks: Partial<Hooks>): Traced {
  const where = `${evaluation.model.path}: ${layer.name}: ${layer.op}`;
  const x = evaluation.traced(layer.input);
  const scale = layer.scale && evaluation.traced(layer.scale.value);
  const bias = layer.bias && evaluation.traced(layer.bias.value);
  const frozen = layer.frozen && {
    mean: evaluation.traced(layer.frozen.mean),
    variance: evaluation.traced(layer.frozen.variance),
  };
  checkShapes(where, layer, { x, scale, bias });
  return normalize(
    layer,
    x,
    { scale, bias, frozen, factor: varianceFactor(layer, x.shape, evaluation) },
    {
      input: (v) => hooks.input?.(i, v) ?? v,
      statistics: (own) => hooks.statistics?.(i, own) ?? null,
      standardized: (y, sigma) => hooks.standardized?.(i, y, sigma) ?? y,
      scale: (gamma) => (layer.affine.scale && hooks.scale?.(i, gamma)) || gamma,
      bias: (beta) => (layer.affine.bias && hooks.bias?.(i, beta)) || beta,
      output: (z, affine) => hooks.output?.(i, z, affine) ?? z,
    },
  );
}

/**
 * What the file multiplies the biased variance of a layer with, as n/(n − 1). Checks that its mean
 * is one.
 */
export function varianceFactor(layer: NormLayer, shape: readonly number[], evaluation: Evaluation): number {
  if (layer.deviation === null || layer.statistics.over === "groups") return 1;
  const size = sizeOf(reducedAxes(layer.statistics, shape.length).map((axis) => shape[axis]));
  const numberOf = ({ summed, times, over }: Factor): number => {
    const product = (names: readonly string[]) =>
      names.reduce((value, name) => value * (evaluation.known(name)?.data[0] ?? Number.NaN), 1);
    return ((summed ? size : 1) * product(times)) / product(over);
  };
  const { factor, mean } = layer.deviation;
  const [variance, center] = [numberOf(factor), numberOf(mean)];
  if (!(variance > 0) || Math.abs(center - 1) > 1e-5)
    throw new UserError(
      `${evaluation.model.path}: ${layer.name}: ${layer.op} expects mean and variance over ${size} elements, got sums divided by another number: the file was exported for another batch size; export with dynamic axes`,
    );
  // Exporters divide by n in float32.
  return Math.abs(variance - 1) < 1e-6 ? 1 : variance;
}

function checkShapes(
  where: string,
  layer: NormLayer,
  { x, scale, bias }: { readonly x: Traced; readonly scale: Traced | null; readonly bias: Traced | null },
): void {
  if (x.ndim < 2) throw new UserError(`${where} expects at least 2 axes, got ${showShape(x.shape)}`);
  if (layer.statistics.over === "groups" && x.shape[1] % layer.statistics.groups !== 0)
    throw new UserError(
      `${where} expects channels in ${layer.statistics.groups} equal groups, got ${showShape(x.shape)}`,
    );
  for (const [role, value, operand] of [
    ["scale", scale, layer.scale],
    ["bias", bias, layer.bias],
  ] as const) {
    if (!value || !operand) continue;
    const expected = affineShape(operand.per, layer.statistics, x.shape);
    const fits = expected
      ? value.shape.join() === expected.join()
      : broadcastShapes(x.shape, value.shape)?.join() === x.shape.join();
    if (!fits)
      throw new UserError(
        `${where} expects ${role} ${showShape(expected ?? x.shape.slice(1))}, got ${showShape(value.shape)}`,
      );
  }
}

/** The shape that a scale or bias must have, or null where it only has to broadcast against x. */
function affineShape(
  per: AffineLayout,
  statistics: StatisticsAxes,
  shape: readonly number[],
): number[] | null {
  if (per === "channel") return [shape[1]];
  return per === "group" && statistics.over === "groups" ? [statistics.groups] : null;
}
