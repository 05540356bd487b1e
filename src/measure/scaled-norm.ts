/**
 * ‖G/σ‖ from the energies ‖G‖² of the groups. `sigma` holds one number per group. Group
 * normalization gives one number per channel instead, equal for all channels of a group.
 */
export function scaledNorm(energies: Float64Array, sigma: ArrayLike<number>): number {
  const channels = sigma.length / energies.length;
  return Math.sqrt(energies.reduce((sum, energy, g) => sum + energy / sigma[g * channels] ** 2, 0));
}
