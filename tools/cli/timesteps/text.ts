import { type Model, RivuletError } from '../../../src/index.ts';
import { onlyInput, type Timestep, type TimestepReader } from './reader.ts';

/** UTF-8 text, a timestep for each token of the model's tokenizer. */
export function textReader(model: Model): TimestepReader {
  onlyInput(model, 'text');
  const { tokenizer } = model;
  if (!tokenizer) {
    throw new RivuletError(
      'invalid-argument',
      'format text is for a model with a tokenizer, and this one has none: use --format csv, jsonl or f32',
    );
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let column = 0;

  function decode(chunk?: Uint8Array): string {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new RivuletError('invalid-file', `after ${place()}: the input is not UTF-8 text`, { cause });
    }
  }

  function place(): string {
    return `line ${line}, column ${column}`;
  }

  function* timesteps(text: string): Generator<Timestep> {
    for (const character of text) {
      column++;
      for (const token of encode(character)) yield { input: token, place };
      if (character !== '\n') continue;
      line++;
      column = 0;
    }
  }

  /** One character at a time, so that a refusal stands where the character does. */
  function encode(character: string): Uint32Array {
    try {
      return tokenizer!.encode(character);
    } catch (error) {
      if (!(error instanceof RivuletError)) throw error;
      const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
      throw new RivuletError(
        error.code,
        `${place()}: the model does not know the character ${JSON.stringify(character)} (${code})`,
      );
    }
  }

  return {
    *push(chunk) {
      yield* timesteps(decode(chunk));
    },
    *end() {
      yield* timesteps(decode());
    },
  };
}
