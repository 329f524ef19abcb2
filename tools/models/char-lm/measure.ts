/** What both files of the model give, on any build: the hashes of golden.json and the losses of the card. */
import { evaluateText, generateText, type Model } from '../../../src/index.ts';
import { sha256 } from './record.ts';

export const PROMPT = 'Call me Ishmael. ';
export const SAMPLE_CHARACTERS = 500;
export const PASSAGE_CHARACTERS = 256;
/** Of the sample that shows what `rivulet generate` gives. */
export const SAMPLED = { temperature: 0.7, seed: 1 };

export interface Golden {
  /** SHA-256 of the 500 characters that follow the prompt at temperature 0, as UTF-8. */
  readonly text: string;
  /** The same at temperature 0.7 with seed 1. */
  readonly sampled: string;
  /** SHA-256 of the logits after each of the first 256 characters of validation.txt: float32, little-endian. */
  readonly logits: string;
}

export interface GoldenFile extends Golden {
  /** SHA-256 of the model file. */
  readonly file: string;
  readonly bytes: number;
  /** On validation.txt, nats per character. */
  readonly loss: number;
}

export function sample(model: Model, options: { temperature: number; seed?: number }): string {
  const session = model.createSession();
  return [...generateText(session, { prompt: PROMPT, maxTokens: SAMPLE_CHARACTERS, ...options })].join('');
}

export function golden(model: Model, validation: string): Golden {
  const passage = [...validation].slice(0, PASSAGE_CHARACTERS).join('');
  const tokens = model.tokenizer!.encode(passage);
  const session = model.createSession();
  const { size } = model.outputs[0]!;
  const logits = new DataView(new ArrayBuffer(4 * size * tokens.length));
  tokens.forEach((token, t) => {
    session.step(token).forEach((value, i) => {
      logits.setFloat32(4 * (t * size + i), value, true);
    });
  });
  return {
    text: sha256(sample(model, { temperature: 0 })),
    sampled: sha256(sample(model, SAMPLED)),
    logits: sha256(new Uint8Array(logits.buffer)),
  };
}

export function measureFile(model: Model, bytes: Uint8Array, validation: string): GoldenFile {
  const { loss } = evaluateText(model.createSession(), validation);
  return { file: sha256(bytes), bytes: bytes.length, loss, ...golden(model, validation) };
}
