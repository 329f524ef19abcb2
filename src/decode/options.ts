import { RivuletError, show } from '../errors.ts';
import type { Model } from '../session/model.ts';
import { checkSampling, requireOption, type Sampling, type SamplingOptions } from './sampling.ts';

export interface DecodeOptions extends SamplingOptions {
  /** The token that the first timestep reads. */
  start: number;
  /** The token that ends a sequence; without one only `maxLength` does. */
  end?: number;
  /** Tokens of the result at most, 200 by default: a decoder that never ends is stopped there. */
  maxLength?: number;
  /**
   * `greedy`: the most likely token each time, the lowest of equals; the default. `sample`: drawn, see `temperature`,
   * `topK`, `topP` and `seed`. `beam`: the sequence of the highest score among those that `beamWidth` streams find.
   */
  strategy?: 'greedy' | 'sample' | 'beam';
  /** 1 … 1024, 4 by default. */
  beamWidth?: number;
  /** Ended sequences of a beam are compared by their score per token, the end among them, not by the score itself. */
  normalize?: boolean;
  /** The stream of a batched session, 0 by default. */
  row?: number;
}

export interface DecodeSettings {
  readonly start: number;
  /** -1 where no token ends a sequence. */
  readonly end: number;
  readonly maxLength: number;
  readonly strategy: 'greedy' | 'sample' | 'beam';
  readonly beamWidth: number;
  readonly normalize: boolean;
  readonly row: number;
  readonly sampling: Sampling;
}

const STRATEGIES = ['greedy', 'sample', 'beam'] as const;
const MAX_BEAMS = 1024;

/** @throws RivuletError `invalid-argument` where the model cannot read its own output, or an option is off */
export function checkDecoding(model: Model, batchSize: number, options: DecodeOptions): DecodeSettings {
  const { input, output } = requireDecoder(model);
  const { start, end, maxLength = 200, strategy = 'greedy', beamWidth = 4 } = options;
  const { normalize = false, row = 0 } = options;
  const isBelow = (value: unknown, limit: number) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit;
  requireOption(isBelow(start, input), 'start', `a token from 0 to ${input - 1}`, start);
  requireOption(end === undefined || isBelow(end, output), 'end', `a token from 0 to ${output - 1}`, end);
  requireOption(isBelow(maxLength, 2 ** 31), 'maxLength', 'an integer of at least 0', maxLength);
  requireOption(STRATEGIES.includes(strategy), 'strategy', `one of ${STRATEGIES.join(', ')}`, strategy);
  requireOption(
    isBelow(beamWidth - 1, MAX_BEAMS),
    'beamWidth',
    `an integer from 1 to ${MAX_BEAMS}`,
    beamWidth,
  );
  requireOption(typeof normalize === 'boolean', 'normalize', 'true or false', normalize);
  requireOption(isBelow(row, batchSize), 'row', `a row of the session, 0 to ${batchSize - 1}`, row);
  const sampling = checkSampling(options, output);
  return { start, end: end ?? -1, maxLength, strategy, beamWidth, normalize, row, sampling };
}

/** Sizes of the tokens in and of the logits out. */
function requireDecoder({ inputs, outputs }: Model): { input: number; output: number } {
  const [input] = inputs;
  const [output] = outputs;
  if (inputs.length !== 1 || input!.kind !== 'tokens' || outputs.length !== 1) {
    throw new RivuletError(
      'invalid-argument',
      'decode is for a model with one input of tokens and one output of logits, which this one is not',
    );
  }
  if (output!.size > input!.size) {
    throw new RivuletError(
      'invalid-argument',
      `decode feeds each token back, but output ${show(output!.name)} has ${output!.size} logits, ` +
        `and input ${show(input!.name)} takes tokens below ${input!.size}`,
    );
  }
  return { input: input!.size, output: output!.size };
}
