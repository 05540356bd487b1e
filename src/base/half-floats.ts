/**
 * Conversion of the two 16-bit floating-point formats to float32, which holds all their values
 * exactly.
 */

/**
 * The values of IEEE 754 binary16 numbers: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
 */
export function widenFloat16(halves: Uint16Array): Float32Array {
  table ??= float16Table();
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = table[halves[i]];
  return result;
}

/** The values of bfloat16 numbers, each of which is the upper 16 bits of a float32. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  const result = new Float32Array(halves.length);
  const bits = new Uint32Array(result.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return result;
}

/**
 * All 65536 binary16 values, computed at first use. A table is faster than arithmetic on every
 * element.
 */
let table: Float32Array | undefined;

function float16Table(): Float32Array {
  const values = new Float32Array(1 << 16);
  for (let half = 0; half < values.length; half++) {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const magnitude =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1024 + fraction) * 2 ** (exponent - 25);
    values[half] = half >> 15 === 1 ? -magnitude : magnitude;
  }
  return values;
}
