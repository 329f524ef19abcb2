import { RivuletError, show } from '../errors.ts';
import type { Session } from '../session/session.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface GenerateOptions {
  /** Read before anything is generated; by default the session goes on where it is. */
  prompt?: string;
  /** Tokens to generate (default 200). */
  maxTokens?: number;
  /** 0 takes the most likely token each time; else in 0.001 … 1000, default 1. */
  temperature?: number;
  /** Only the k most likely tokens (default all). */
  topK?: number;
  /** Only the most likely tokens that together hold this share of the probability, in (0, 1], default 1. */
  topP?: number;
  /** A non-negative safe integer: the same seed gives the same text on every engine (default 0). */
  seed?: number;
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

type Settings = Required<Omit<GenerateOptions, 'stop'>> & { stop: readonly string[] };

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
    const token = sampleToken(session, settings, i);
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

function sampleToken(session: Session, { temperature, topK, topP, seed }: Settings, index: number): number {
  const { exports } = session.model.runtime;
  const { size } = session.model.outputs[0]!;
  const logits = session.outputAt(0) << 2;
  if (temperature === 0) return exports.argmax(logits, size);
  const uniform = exports.uniform(seed >>> 0, Math.floor(seed / 2 ** 32), index);
  return exports.sample(
    logits,
    size,
    temperature,
    Math.min(topK, size),
    topP,
    uniform,
    session.model.sampler,
  );
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
  const {
    prompt = '',
    maxTokens = 200,
    temperature = 1,
    topK = vocabulary,
    topP = 1,
    seed = 0,
    stop = [],
  } = options;
  const stops = typeof stop === 'string' ? [stop] : stop;
  const need = (ok: boolean, name: string, expected: string, got: unknown) => {
    if (!ok) throw new RivuletError('invalid-argument', `${name} must be ${expected}, got ${show(got)}`);
  };
  need(typeof prompt === 'string', 'prompt', 'a string', prompt);
  need(Number.isSafeInteger(maxTokens) && maxTokens >= 0, 'maxTokens', 'an integer of at least 0', maxTokens);
  need(
    temperature === 0 || (temperature >= 1e-3 && temperature <= 1e3),
    'temperature',
    '0 or in 0.001 … 1000',
    temperature,
  );
  need(Number.isSafeInteger(topK) && topK >= 1, 'topK', 'an integer of at least 1', topK);
  need(topP > 0 && topP <= 1, 'topP', 'in (0, 1]', topP);
  need(Number.isSafeInteger(seed) && seed >= 0, 'seed', 'a non-negative safe integer', seed);
  need(
    Array.isArray(stops) && stops.every((s) => typeof s === 'string' && s !== ''),
    'stop',
    'strings that are not empty',
    stop,
  );
  return { prompt, maxTokens, temperature, topK, topP, seed, stop: stops };
}
