import type { SampleBatches } from "../../audit/batches/cut-samples.js";
import { UserError } from "../../base/errors.js";
import { sizeOf, type Tensor } from "../../base/tensor.js";
import { type Dataset, Random } from "../../datasets/index.js";
import { Loop, type Program } from "../../engine/index.js";
import type { NormName } from "../../nn/index.js";
import { compileKept } from "../compile-kept.js";
import { splitState } from "../training/learner.js";
import { type CompiledStep, coefficientTensors, compileStep } from "../training/stepper.js";
import { supervised } from "../training/supervised.js";
import { arranged, type Composition, type Domain } from "./compositions.js";
import type { Family } from "./families.js";
import { generatedImages } from "./generated-images.js";
import { GradientProgram } from "./gradient-program.js";
import { type MeasuredBatches, measureAgreement } from "./measure-agreement.js";
import { imagesOf } from "./samples.js";
import type { Settings } from "./settings.js";
import type { FamilyNetworks, Samples } from "./task.js";

/** Test samples that are evaluated at once. */
const CHUNK = 100;

/** Small batches would make many steps: no run has more. */
const MOST_STEPS = 500;

/** Bounds of the number of batches that agreement is measured on. */
const [LEAST_BATCHES, MOST_BATCHES] = [8, 64];

/** The numbers of one run. */
export interface Summary {
  /** Mean error on the test samples, in evaluation mode. */
  readonly error: number;
  readonly steps: number;
  /** At the start and at the second moment. Empty for other norms than batch norm. */
  readonly measured: readonly MeasuredBatches[];
}

/** Makes the runs of one family. Programs and samples are kept from run to run. */
export class RunsOfFamily implements AsyncDisposable {
  private readonly samples = new Map<string, Promise<{ train: Samples; test: Samples }>>();
  private readonly networks = new Map<NormName, FamilyNetworks>();
  private readonly programs = new Map<string, Promise<AsyncDisposable>>();

  constructor(
    readonly family: Family,
    private readonly dataset: Dataset,
    private readonly settings: Settings,
  ) {}

  /** Trains on a composition with a norm, measures its batches, and tests. */
  async run(composition: Composition, norm: NormName, seed: number): Promise<Summary> {
    const { task } = this.family;
    const { train, test } = await this.samplesOf(composition.domain, seed);
    const { trained } = this.networksOf(norm);
    const { size } = composition;
    const tensorsOf = (samples: ArrayLike<number>) => batchTensors(train, samples);
    const step = await this.stepFor(norm, tensorsOf(Array.from({ length: size }, (_, i) => i)), size);
    const procedure = supervised({ network: trained, optimizer: task.optimizer(1), loss: task.loss });
    const loop = new Loop(step.program, procedure.initial(new Random(seed)));
    const measured: MeasuredBatches[] = [];
    const measure = async () => {
      if (norm !== "bn") return;
      measured.push(await this.measure(loop.state, composition, train, seed));
    };
    const random = new Random(1000 * (seed + 1));
    const epoch = () => arranged(train, composition, random);
    const first = epoch();
    if (first.length === 0)
      throw new UserError(
        `images=${this.settings.images}: too few for batches of ${size}; choose more images`,
      );
    const steps = Math.min(MOST_STEPS, this.settings.epochs * first.length);
    const moment = Math.max(1, Math.round(this.settings.moment * steps));
    let queue = first;
    await measure();
    for (let number = 1; number <= steps; number++) {
      if (queue.length === 0) queue = epoch();
      const batch = queue.shift() as number[];
      // The rate falls to 0, so that the last batches do not decide the outcome.
      const { coefficients } = task.optimizer(1 - (number - 1) / steps);
      const [loss] = await loop.step([...coefficientTensors({ coefficients }, number), ...tensorsOf(batch)]);
      if (!Number.isFinite(loss.data[0]))
        throw new UserError(`step ${number}: expected a finite loss, got ${loss.data[0]}: the run diverged`);
      if (number === moment) await measure();
    }
    return { error: await this.test(norm, loop.state, test), steps, measured };
  }

  /** Measures batches as an epoch of training has them. */
  private async measure(
    state: readonly Tensor[],
    composition: Composition,
    train: Samples,
    seed: number,
  ): Promise<MeasuredBatches> {
    const { size } = composition;
    const count = Math.min(MOST_BATCHES, Math.max(LEAST_BATCHES, Math.ceil(this.settings.audited / size)));
    const batches: SampleBatches = arranged(train, composition, new Random(500 + seed))
      .slice(0, count)
      .map((batch) => Uint32Array.from(batch));
    const tensorsOf = (samples: Uint32Array) => batchTensors(train, samples);
    const gradients = (size: number, layers: "measure" | "leave") => {
      const { trained } = this.networksOf("bn");
      return this.kept(`${layers} ${size}`, () =>
        GradientProgram.compile(trained, this.family.task.loss, batchTensors(train, firsts(size)), layers),
      );
    };
    return measureAgreement(state, batches, {
      own: await gradients(size, "measure"),
      plain: await gradients(size, "leave"),
      whole: await gradients(size * batches.length, "leave"),
      ...{ tensorsOf, cuts: this.settings.cuts, seed: 900 + seed },
    });
  }

  /** The mean error on the test samples. */
  private async test(norm: NormName, state: readonly Tensor[], test: Samples): Promise<number> {
    const { judged } = this.networksOf(norm);
    const { parameters, buffers } = splitState(judged, state);
    const own = [...parameters, ...buffers];
    const inputs = (from: number) =>
      rowsOf(
        test.inputs,
        Array.from({ length: CHUNK }, (_, i) => Math.min(from + i, test.count - 1)),
      );
    const program = await this.kept<Program>(`test ${norm}`, () =>
      compileKept(
        (...args) => {
          const traced = splitState(judged, args.slice(0, -1));
          return [judged.evaluate(traced.parameters, traced.buffers, args[args.length - 1])];
        },
        [...own, inputs(0)],
      ),
    );
    let total = 0;
    for (let from = 0; from < test.count; from += CHUNK) {
      const [output] = await program.run([...own, inputs(from)]);
      const count = Math.min(CHUNK, test.count - from);
      const kept = (output.data as Float32Array).subarray(0, (output.data.length / CHUNK) * count);
      for (const error of this.family.task.errors(kept, test, from, count)) total += error;
    }
    return total / test.count;
  }

  private stepFor(norm: NormName, batch: readonly Tensor[], size: number): Promise<CompiledStep> {
    return this.kept(`step ${norm} ${size}`, async () => {
      const { task } = this.family;
      const procedure = supervised({
        network: this.networksOf(norm).trained,
        optimizer: task.optimizer(1),
        loss: task.loss,
      });
      const step = await compileStep(procedure, { state: procedure.initial(new Random(0)), batch }, null);
      return { ...step, [Symbol.asyncDispose]: () => step.program.dispose() };
    });
  }

  private networksOf(norm: NormName): FamilyNetworks {
    const channels = this.dataset.shape[0];
    const known = this.networks.get(norm) ?? this.family.task.networks(norm, channels);
    this.networks.set(norm, known);
    return known;
  }

  /** Training and test samples. Generated images depend on the seed. */
  private samplesOf(domain: Domain, seed: number): Promise<{ train: Samples; test: Samples }> {
    const { family, dataset, settings } = this;
    const key = `${domain} ${family.classes === "of images" ? "" : seed}`;
    const make = async () => {
      const part = async (name: "train" | "test", count: number): Promise<Samples> => {
        const images = imagesOf(dataset[name], dataset.shape, count, domain);
        const shown =
          family.classes === "of images"
            ? images
            : await generatedImages(images, { seed, domain, part: name, dataset, settings });
        return family.task.samples(shown, name);
      };
      return { train: await part("train", settings.images), test: await part("test", settings.tested) };
    };
    const known = this.samples.get(key) ?? make();
    this.samples.set(key, known);
    return known;
  }

  private kept<T extends AsyncDisposable>(key: string, make: () => Promise<T>): Promise<T> {
    const known = (this.programs.get(key) as Promise<T> | undefined) ?? make();
    this.programs.set(key, known);
    return known;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.programs.values()) await (await program)[Symbol.asyncDispose]();
  }
}

const firsts = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Inputs and targets of a batch of these samples. */
const batchTensors = ({ inputs, targets }: Samples, samples: ArrayLike<number>): Tensor[] =>
  (targets === null ? [inputs] : [inputs, targets]).map((tensor) => rowsOf(tensor, samples));

/** The rows of a tensor that `samples` lists. */
function rowsOf({ dtype, shape, data }: Tensor, samples: ArrayLike<number>): Tensor {
  const size = sizeOf(shape.slice(1));
  const rows =
    dtype === "int32" ? new Int32Array(size * samples.length) : new Float32Array(size * samples.length);
  for (let i = 0; i < samples.length; i++)
    rows.set((data as Float32Array).subarray(samples[i] * size, (samples[i] + 1) * size), i * size);
  return { dtype, shape: [samples.length, ...shape.slice(1)], data: rows } as Tensor;
}
