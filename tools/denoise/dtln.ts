/**
 * DTLN (Westhausen and Meyer 2020): noise suppression of 16 kHz speech in two stages. The first gives a mask for the
 * magnitudes of the spectrum of the last 32 ms, the second goes over the samples that come of it; every 8 ms a block of each
 * is added to what is given.
 */
import FFT from 'fft.js';
import type { Session } from '../../src/session/session.ts';

const BLOCK = 512;
const SHIFT = 128;
const BINS = BLOCK / 2 + 1;

/** Samples by which what is given lies behind what came. */
export const DELAY = BLOCK - SHIFT;

export const SAMPLE_RATE = 16000;

/**
 * @param mask a session of the first stage, 257 magnitudes to as many factors
 * @param samples a session of the second stage, 512 samples to as many
 * @returns as many samples, DELAY later
 */
export function denoise(mask: Session, samples: Session, noisy: Float32Array): Float32Array {
  const fft = new FFT(BLOCK);
  const [spectrum, time] = [fft.createComplexArray(), fft.createComplexArray()];
  const block = new Float32Array(BLOCK);
  const sums = new Float32Array(BLOCK);
  const magnitudes = new Float32Array(BINS);
  const clean = new Float32Array(noisy.length);
  for (let at = 0; at + SHIFT <= noisy.length; at += SHIFT) {
    shift(block, noisy.subarray(at, at + SHIFT));
    fft.realTransform(spectrum, block);
    for (let bin = 0; bin < BINS; bin++)
      magnitudes[bin] = Math.hypot(spectrum[2 * bin]!, spectrum[2 * bin + 1]!);
    const factors = mask.step(magnitudes);
    for (let bin = 0; bin < BINS; bin++) {
      spectrum[2 * bin]! *= factors[bin]!;
      spectrum[2 * bin + 1]! *= factors[bin]!;
    }
    fft.completeSpectrum(spectrum);
    fft.inverseTransform(time, spectrum);
    const given = samples.step(Float32Array.from({ length: BLOCK }, (_, i) => time[2 * i]!));
    shift(sums, new Float32Array(SHIFT));
    for (let i = 0; i < BLOCK; i++) sums[i]! += given[i]!;
    clean.set(sums.subarray(0, SHIFT), at);
  }
  return clean;
}

/** The last values of a block become its first, and new ones its last. */
function shift(block: Float32Array, next: Float32Array): void {
  block.copyWithin(0, next.length);
  block.set(next, block.length - next.length);
}
