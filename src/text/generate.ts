import {
  checkSampling,
  drawToken,
  requireOption,
  type Sampling,
  type SamplingOptions,
} from '../decode/sampling.ts';
import { RivuletError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { requireOneStream } from './one-stream.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface GenerateOptions extends SamplingOptions {
  /** Read before anything is generated; by default the session goes on where it is. */
  prompt?: string;
  /** Tokens to generate (default 200). */
  maxTokens?: number;
  /** Generation ends before the first of these strings would be complete. */
  stop?: string | readonly string[];
}

/**
 * Streams text from a language model (tokens in, logits out), token by token. The session keeps the state of the last
 * generated token, so a further call without a prompt goes on from there.
 *
 * @throws RivuletError `invalid-argument`, `unknown-character`, `disposed`
 */
export function generateText(
  session: Session,
  options: GenerateOptions = {},
): Generator<string, void, undefined> {
  const tokenizer = requireLanguageModel(session);
  requireOneStream(session, 'generateText');
  const settings = checkOptions(options, tokenizer.size);
  const prompt = tokenizer.encode(settings.prompt);
  if (prompt.length === 0 && !session.hasOutput) {
    throw new RivuletError(
      'invalid-argument',
      'prompt: without one, generation goes on from the last step, and this session has made none since it began, ' +
        'was reset, restored or ran a sequence: give at least one character',
    );
  }
  return generate(session, tokenizer, prompt, settings);
}

interface Settings {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
}

function* generate(
  session: Session,
  tokenizer: Tokenizer,
  prompt: Uint32Array,
  settings: Settings,
): Generator<string> {
  const logits = new Float32Array(tokenizer.size);
  for (const token of prompt) session.step(token, logits);
  let held = '';
  for (let i = 0; i < settings.maxTokens; i++) {
    const token = sampleToken(session, settings.sampling, i);
    session.step(token, logits);
    held += tokenizer.decodeOne(token);
    if (settings.stop.some((stop) => held.endsWith(stop))) {
      const stop = settings.stop.find((text) => held.endsWith(text))!;
      const rest = held.slice(0, held.length - stop.length);
      if (rest) yield rest;
      return;
    }
    const keep = longestStart(held, settings.stop);
    const ready = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    if (ready) yield ready;
  }
  if (held) yield held;
}

/** How much of the end of a text could still become a stop string. */
function longestStart(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let n = Math.min(stop.length - 1, text.length); n > longest; n--) {
      if (text.endsWith(stop.slice(0, n))) longest = n;
    }
  }
  return longest;
}

function sampleToken(session: Session, sampling: Sampling, index: number): number {
  const { model } = session;
  const logits = session.outputAt(0) << 2;
  return drawToken(model.runtime.exports, logits, model.outputs[0]!.size, sampling, index, model.sampler);
}

function requireLanguageModel(session: Session): Tokenizer {
  const { inputs, outputs, tokenizer } = session.model;
  if (inputs.length !== 1 || inputs[0]!.kind !== 'tokens' || outputs.length !== 1 || !tokenizer) {
    throw new RivuletError(
      'invalid-argument',
      'text comes from a model with one input of tokens, one output of logits and a tokenizer, which this one is not',
    );
  }
  if (outputs[0]!.size !== tokenizer.size) {
    throw new RivuletError(
      'invalid-argument',
      `the model gives ${outputs[0]!.size} logits, and its tokenizer has ${tokenizer.size} tokens: they must be equal`,
    );
  }
  return tokenizer;
}

function checkOptions(options: GenerateOptions, vocabulary: number): Settings {
  const { prompt = '', maxTokens = 200, stop = [] } = options;
  const stops = typeof stop === 'string' ? [stop] : stop;
  requireOption(typeof prompt === 'string', 'prompt', 'a string', prompt);
  requireOption(
    Number.isSafeInteger(maxTokens) && maxTokens >= 0,
    'maxTokens',
    'an integer of at least 0',
    maxTokens,
  );
  requireOption(
    Array.isArray(stops) && stops.every((s) => typeof s === 'string' && s !== ''),
    'stop',
    'strings that are not empty',
    stop,
  );
  return { prompt, maxTokens, sampling: checkSampling(options, vocabulary), stop: stops };
}
