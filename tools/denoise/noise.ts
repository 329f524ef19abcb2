/** Noise that is the same each time, and how much of it there is. */

/** White Gaussian noise, in decibels below the signal as a whole. */
export function addNoise(signal: Float32Array, snr: number, seed: number): Float32Array {
  const draw = uniforms(seed);
  const power = signal.reduce((sum, sample) => sum + sample * sample, 0) / signal.length;
  const amplitude = Math.sqrt(power / 10 ** (snr / 10));
  return signal.map((sample) => {
    const gaussian = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
    return sample + amplitude * gaussian;
  });
}

/** Power of the signal above that of what the other differs by, in decibels. */
export function signalToNoise(signal: Float32Array, other: Float32Array): number {
  const [own, difference] = [
    signal.reduce((sum, sample) => sum + sample * sample, 0),
    signal.reduce((sum, sample, i) => sum + (sample - other[i]!) ** 2, 0),
  ];
  return 10 * Math.log10(own / difference);
}

/** mulberry32, 0 … 1 without 1. */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
