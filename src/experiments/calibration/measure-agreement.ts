import { compared } from "../../audit/batches/compared.js";
import { type SampleBatches, shuffledCut } from "../../audit/batches/cut-samples.js";
import type { AgreementReport } from "../../audit/report/result.js";
import { meanOf } from "../../base/statistics.js";
import type { Tensor } from "../../base/tensor.js";
import { type Agreement, agreementOf, type FloatArray } from "../../theory/index.js";
import type { BatchGradients, GradientProgram } from "./gradient-program.js";

/** What batches do to the gradients of a network at one moment. */
export interface MeasuredBatches {
  /** The agreement of all weights together. */
  readonly network: AgreementReport | null;
  readonly layers: readonly {
    readonly name: string;
    /** The agreement of the weight below the norm; null where no linear op lies there. */
    readonly agreement: AgreementReport | null;
    /** Means over the first of your batches. */
    readonly blocked: number;
    readonly removed: number | null;
    readonly chance: number | null;
  }[];
  /** The mean loss of your batches, and the loss of all samples as one batch. */
  readonly meanLoss: number;
  readonly wholeLoss: number;
}

interface Measuring {
  /** For batches of the size of yours, with the norm layers measured. */
  readonly own: GradientProgram;
  /** For batches of the same size, without. */
  readonly plain: GradientProgram;
  /** For all samples as one batch. */
  readonly whole: GradientProgram;
  /** The tensors of a batch of these samples. */
  readonly tensorsOf: (samples: Uint32Array) => readonly Tensor[];
  readonly cuts: number;
  readonly seed: number;
}

/** Batches on which norm layers are measured, too. */
const LAYERS_MEASURED = 8;

/** Measures batches of one size, whose loss is a mean over samples, on a training state. */
export async function measureAgreement(
  state: readonly Tensor[],
  batches: SampleBatches,
  { own, plain, whole, tensorsOf, cuts, seed }: Measuring,
): Promise<MeasuredBatches> {
  const all = Uint32Array.from(batches.flatMap((batch) => [...batch])).sort();
  const one = await whole.run(state, tensorsOf(all));
  const measured: BatchGradients[] = [];
  for (const [i, samples] of batches.entries())
    measured.push(await (i < LAYERS_MEASURED ? own : plain).run(state, tensorsOf(samples)));
  const withLayers = measured.slice(0, LAYERS_MEASURED);
  const groups = [
    own.weights.map((_, i) => i),
    ...own.layers.map(({ weight }) => (weight === null ? [] : [weight])),
  ];
  const agreements = (average: readonly FloatArray[]): (Agreement | null)[] =>
    groups.map((group) =>
      agreementOf(
        group.map((i) => average[i]),
        group.map((i) => one.gradients[i]),
      ),
    );
  const yours = agreements(averageOf(measured));
  const shuffled: (Agreement | null)[][] = [];
  for (let cut = 0; cut < cuts; cut++) {
    const results: BatchGradients[] = [];
    for (const samples of shuffledCut(batches, seed + cut))
      results.push(await plain.run(state, tensorsOf(samples)));
    shuffled.push(agreements(averageOf(results)));
  }
  const [network, ...layers] = yours.map((agreement, i) =>
    compared(
      agreement,
      shuffled.map((cut) => cut[i]),
    ),
  );
  return {
    network,
    layers: layers.map((agreement, i) => ({
      ...{ name: own.layers[i].name, agreement },
      blocked: meanOf(withLayers.map((batch) => batch.layers[i].blocked)),
      removed: meanIfAll(withLayers.map((batch) => batch.layers[i].removed)),
      chance: meanIfAll(withLayers.map((batch) => batch.layers[i].chance)),
    })),
    meanLoss: meanOf(measured.map(({ loss }) => loss)),
    wholeLoss: one.loss,
  };
}

const meanIfAll = (values: readonly (number | null)[]): number | null =>
  values.every((value) => value !== null) ? meanOf(values) : null;

/** The mean of the batches' gradients, in float64. */
function averageOf(batches: readonly BatchGradients[]): Float64Array[] {
  return batches[0].gradients.map((first, w) => {
    const mean = new Float64Array(first.length);
    for (const { gradients } of batches)
      for (let i = 0; i < mean.length; i++) mean[i] += gradients[w][i] / batches.length;
    return mean;
  });
}
