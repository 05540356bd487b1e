import { add, concat, slice, type Traced, valueAndGrad, vjp } from "../../engine/lang/index.js";
import { binaryCrossEntropy } from "../../nn/losses.js";
import type { Network } from "../../nn/network.js";
import type { Optimizer } from "../../nn/optimizers/index.js";
import { initialState, type Learner, nextState, splitState, stateNames } from "../training/learner.js";
import type { Procedure } from "../training/procedure.js";

/**
 * What the discriminator sees at once. `separate`: a batch of real images, then one of generated ones, the folklore rule for GANs.
 * `mixed`: both in one batch of twice the size. Losses and samples are the same; only norms that look across samples can tell.
 */
export const arrangements = ["separate", "mixed"] as const;
export type Arrangement = (typeof arrangements)[number];

interface Adversaries {
  readonly generator: Network;
  readonly discriminator: Network;
  /** Trains both, each with slots of its own. */
  readonly optimizer: Optimizer;
  readonly arrangement: Arrangement;
}

/**
 * One step of a GAN on a batch of real images and latent vectors, as many of each. First the discriminator D steps along
 * BCE(D(real), 1) + BCE(D(G(z)), 0), then the generator along the non-saturating BCE(D(G(z)), 1) through the new D, for the
 * same z. With mixed batches the generator's loss, too, sees its images among real ones, since that is how D judges.
 * The state: the generator's, then the discriminator's. Source: Goodfellow et al. 2014; PyTorch's DCGAN example.
 */
export function adversarial({ arrangement, optimizer, ...networks }: Adversaries): Procedure {
  const generator: Learner = { network: networks.generator, optimizer };
  const discriminator: Learner = { network: networks.discriminator, optimizer };
  const own = stateNames(generator).map((name) => `generator.${name}`);
  return {
    names: [...own, ...stateNames(discriminator).map((name) => `discriminator.${name}`)],
    initial: (random) => [...initialState(generator, random), ...initialState(discriminator, random)],
    coefficients: optimizer.coefficients,
    step: ({ state, coefficients, batch, valueAndGrad: probedValueAndGrad }) => {
      const [real, latent] = batch as [Traced, Traced];
      const maker = splitState(generator.network, state);
      const judge = splitState(discriminator.network, state.slice(own.length));

      const made = vjp((...values) => {
        const { output, buffers } = generator.network.train(values, maker.buffers, latent);
        return { out: [output], aux: buffers };
      }, maker.parameters);
      const fake = made.out[0];

      const judged = probedValueAndGrad((values, probe) => {
        const seen = (buffers: readonly Traced[], x: Traced, pass?: string) =>
          discriminator.network.train(values, buffers, x, probe(pass));
        if (arrangement === "mixed") {
          const { output, buffers } = seen(judge.buffers, concat([real, fake], 0));
          return { value: realFromFake(...halves(output)), aux: buffers };
        }
        const first = seen(judge.buffers, real, "real");
        const second = seen(first.buffers, fake, "fake");
        return { value: realFromFake(first.output, second.output), aux: second.buffers };
      }, judge.parameters);
      const stepped = nextState(
        discriminator,
        state.slice(own.length),
        { gradients: judged.grads, buffers: judged.aux },
        coefficients,
      );

      const after = splitState(discriminator.network, stepped);
      const fooled = valueAndGrad(
        (x) => {
          const shown = arrangement === "mixed" ? concat([real, x], 0) : x;
          const { output, buffers } = discriminator.network.train(after.parameters, after.buffers, shown);
          const logits = arrangement === "mixed" ? halves(output)[1] : output;
          return { value: binaryCrossEntropy(logits, 1), aux: buffers };
        },
        [fake],
      );
      const gradients = made.pullback([fooled.grads[0]]);
      return {
        state: [
          ...nextState(generator, state.slice(0, own.length), { gradients, buffers: made.aux }, coefficients),
          ...after.parameters,
          ...fooled.aux,
          ...after.slots,
        ],
        losses: { "loss/discriminator": judged.value, "loss/generator": fooled.value },
      };
    },
  };
}

const realFromFake = (real: Traced, fake: Traced): Traced =>
  add(binaryCrossEntropy(real, 1), binaryCrossEntropy(fake, 0));

/** The logits [2N, 1] of a mixed batch: those of the real images, and those of the generated ones. */
function halves(logits: Traced): [real: Traced, fake: Traced] {
  const count = logits.shape[0];
  const rows = (from: number, to: number) =>
    slice(logits, [
      [from, to],
      [0, 1],
    ]);
  return [rows(0, count / 2), rows(count / 2, count)];
}
