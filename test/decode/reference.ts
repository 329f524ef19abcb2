/** Decoding in float64 by brute force: every hypothesis is run from the first timestep on. */
import type { Decoded } from '../../src/index.ts';
import { softmax } from '../reference/activations.ts';

export interface Hypothesis {
  readonly tokens: readonly number[];
  readonly score: number;
}

/** The logits after `tokens`, which begin with the start. */
export type Logits = (tokens: readonly number[]) => Float64Array;

export interface ReferenceOptions {
  readonly start: number;
  /** -1 for none. */
  readonly end: number;
  readonly maxLength: number;
  readonly normalize: boolean;
}

/** Every hypothesis one token longer, the best first. */
function prolong(logits: Logits, start: number, hypotheses: readonly Hypothesis[]): Hypothesis[] {
  return hypotheses
    .flatMap(({ tokens, score }) => {
      const probabilities = softmax(logits([start, ...tokens]));
      return Array.from(probabilities, (p, token) => ({
        tokens: [...tokens, token],
        score: score + Math.log(p),
      }));
    })
    .sort((a, b) => b.score - a.score);
}

/** The best of `width` streams, searched for `maxLength + 1` timesteps whatever ends before. */
export function referenceBeam(logits: Logits, width: number, options: ReferenceOptions): Decoded {
  const { start, end, maxLength, normalize } = options;
  const worth = ({ tokens, score }: Hypothesis) => (normalize ? score / tokens.length : score);
  let going: Hypothesis[] = [{ tokens: [], score: 0 }];
  const ended: Hypothesis[] = [];
  for (let length = 0; ; length++) {
    const chosen = prolong(logits, start, going).slice(0, width);
    ended.push(...chosen.filter(({ tokens }) => tokens.at(-1) === end));
    if (length === maxLength) break;
    going = chosen.filter(({ tokens }) => tokens.at(-1) !== end);
    if (going.length === 0) break;
  }
  const best = ended.sort((a, b) => worth(b) - worth(a))[0];
  const { tokens, score } = best ?? going[0]!;
  return {
    tokens: Uint32Array.from(best ? tokens.slice(0, -1) : tokens),
    ended: best !== undefined,
    score,
  };
}
