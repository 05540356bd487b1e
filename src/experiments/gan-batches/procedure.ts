import { add, concat, slice, type Traced, valueAndGrad, vjp } from "../../engine/lang/index.js";
import { binaryCrossEntropy } from "../../nn/losses.js";
import type { Network } from "../../nn/network.js";
import type { Optimizer } from "../../nn/optimizers/index.js";
import { initialState, type Learner, nextState, splitState, stateNames } from "../training/learner.js";
import type { Procedure } from "../training/procedure.js";

/**
 * How the discriminator sees real and generated images. `separate`: one batch of each, the folklore
 * rule for GANs. `mixed`: both in one batch of twice the size. Losses and samples are equal in both
 * arrangements, so only a norm that shares statistics across samples makes a difference.
 */
export const arrangements = ["separate", "mixed"] as const;
export type Arrangement = (typeof arrangements)[number];

interface Adversaries {
  readonly generator: Network;
  readonly discriminator: Network;
  /** Trains both networks. Each has its own slots. */
  readonly optimizer: Optimizer;
  readonly arrangement: Arrangement;
}

/**
 * One step of a GAN on N real images and N latent vectors z:
 *
 * 1. the discriminator D minimizes BCE(D(real), 1) + BCE(D(G(z)), 0);
 * 2. the generator G minimizes the non-saturating loss BCE(D(G(z)), 1), with the new D and the same
 *    z.
 *
 * With mixed batches D judges generated images among real images in both parts. The state holds the
 * tensors of the generator, then those of the discriminator. Source: Goodfellow et al. 2014;
 * PyTorch's DCGAN example.
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

/** The loss of the discriminator. */
const realFromFake = (real: Traced, fake: Traced): Traced =>
  add(binaryCrossEntropy(real, 1), binaryCrossEntropy(fake, 0));

/**
 * Splits the logits of a mixed batch, [2N, 1], into those of the real and those of the generated
 * images.
 */
function halves(logits: Traced): [real: Traced, fake: Traced] {
  const count = logits.shape[0];
  const rows = (from: number, to: number) =>
    slice(logits, [
      [from, to],
      [0, 1],
    ]);
  return [rows(0, count / 2), rows(count / 2, count)];
}
