import { concat, reshape, slice, type Traced, transpose } from "../../../engine/lang/index.js";
import { type Bijection, volumePreserving } from "./bijection.js";

/**
 * Maps [N, C, H, W] to [N, 4C, H/2, W/2]. Each 2×2 square of a channel becomes four channels:
 *
 *     a b
 *     c d   →   channels a, b, c, d
 *
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, the squeezing operation.
 */
export const squeeze: Bijection = {
  forward: (_, x) => {
    const [samples, channels, height, columns] = x.shape as [number, number, number, number];
    const squares = reshape(x, [samples, channels, height / 2, 2, columns / 2, 2]);
    return volumePreserving(
      reshape(transpose(squares, [0, 1, 3, 5, 2, 4]), [samples, 4 * channels, height / 2, columns / 2]),
    );
  },
  inverse: (_, y) => {
    const [samples, channels, height, columns] = y.shape as [number, number, number, number];
    const squares = reshape(y, [samples, channels / 4, 2, 2, height, columns]);
    return reshape(transpose(squares, [0, 1, 4, 2, 5, 3]), [samples, channels / 4, 2 * height, 2 * columns]);
  },
};

/** Channels `from` to `to` − 1 of x, [N, C, …]. */
export const channelsOf = (x: Traced, from: number, to: number): Traced =>
  slice(
    x,
    x.shape.map((size, axis) => (axis === 1 ? [from, to] : [0, size])),
  );

/**
 * Splits squeezed channels [N, 4C, H, W] into two halves of 2C channels, by the diagonals of each
 * former 2×2 square:
 *
 *     a b        goes on: a, d
 *     c d        done: b, c
 *
 * These are not the halves that the channel-wise couplings exchange.
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, factoring out of variables.
 */
export function factorOut(x: Traced): { goesOn: Traced; done: Traced } {
  const [samples, channels, height, columns] = x.shape as [number, number, number, number];
  const corners = reshape(x, [samples, channels / 4, 4, height, columns]);
  const corner = (i: number) =>
    slice(
      corners,
      corners.shape.map((size, axis) => (axis === 2 ? [i, i + 1] : [0, size])),
    );
  const half = (i: number, k: number) =>
    reshape(concat([corner(i), corner(k)], 2), [samples, channels / 2, height, columns]);
  return { goesOn: half(0, 3), done: half(1, 2) };
}

/** Joins the halves of `factorOut` to [N, 4C, H, W]. */
export function restore(goesOn: Traced, done: Traced): Traced {
  const [samples, channels, height, columns] = goesOn.shape as [number, number, number, number];
  const pairs = [goesOn, done].map((half) => reshape(half, [samples, channels / 2, 2, height, columns]));
  const corner = ([half, i]: readonly [number, number]) =>
    slice(
      pairs[half],
      pairs[half].shape.map((size, axis) => (axis === 2 ? [i, i + 1] : [0, size])),
    );
  const places = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ] as const;
  return reshape(concat(places.map(corner), 2), [samples, 2 * channels, height, columns]);
}
