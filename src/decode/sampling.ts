import { RivuletError, show } from '../errors.ts';
import type { InferExports } from '../runtime/exports.ts';

/** How a token is drawn from logits. */
export interface SamplingOptions {
  /** 0 takes the most likely token each time; else in 0.001 … 1000, default 1. */
  temperature?: number;
  /** Only the k most likely tokens (default all). */
  topK?: number;
  /** Only the most likely tokens that together hold this share of the probability, in (0, 1], default 1. */
  topP?: number;
  /** A non-negative safe integer: the same seed gives the same tokens on every engine (default 0). */
  seed?: number;
}

export type Sampling = Required<SamplingOptions>;

/** @throws RivuletError `invalid-argument` */
export function checkSampling(options: SamplingOptions, vocabulary: number): Sampling {
  const { temperature = 1, topK = vocabulary, topP = 1, seed = 0 } = options;
  requireOption(
    temperature === 0 || (temperature >= 1e-3 && temperature <= 1e3),
    'temperature',
    '0 or in 0.001 … 1000',
    temperature,
  );
  requireOption(Number.isSafeInteger(topK) && topK >= 1, 'topK', 'an integer of at least 1', topK);
  requireOption(topP > 0 && topP <= 1, 'topP', 'in (0, 1]', topP);
  requireOption(Number.isSafeInteger(seed) && seed >= 0, 'seed', 'a non-negative safe integer', seed);
  return { temperature, topK, topP, seed };
}

/** @throws RivuletError `invalid-argument` */
export function requireOption(ok: boolean, name: string, expected: string, got: unknown): void {
  if (!ok) throw new RivuletError('invalid-argument', `${name} must be ${expected}, got ${show(got)}`);
}

/** Token number `index` of a sequence. `logits`: f32[size]; `scratch`: two values per logit. */
export function drawToken(
  exports: InferExports,
  logits: number,
  size: number,
  { temperature, topK, topP, seed }: Sampling,
  index: number,
  scratch: number,
): number {
  if (temperature === 0) return exports.argmax(logits, size);
  const uniform = exports.uniform(seed >>> 0, Math.floor(seed / 2 ** 32), index);
  return exports.sample(logits, size, temperature, Math.min(topK, size), topP, uniform, scratch);
}
