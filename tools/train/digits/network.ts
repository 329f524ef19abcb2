import {
  attention,
  concat,
  dense,
  embedding,
  lstm,
  type ModelDefinition,
  model,
  type Runtime,
  statesOf,
  tokens,
} from '../../../src/index.ts';
import type { Recipe } from './recipe.ts';
import { END, START } from './strings.ts';

/**
 * Encoder and decoder with attention (Bahdanau, Cho and Bengio 2015; Luong, Pham and Manning 2015): the decoder begins
 * where the encoder's backward half ends, at the string's first digit, and looks at the sum of both halves.
 */
export function makeNetwork({ embedded, hidden, seed }: Recipe, runtime: Runtime): ModelDefinition {
  const digits = tokens('digits', 10);
  const digitVectors = embedding(10, embedded, { name: 'encoder.embedding' })(digits);
  const encoded = lstm(hidden, { name: 'encoder', direction: 'both', merge: 'sum' })(digitVectors);
  const { 'reverse.h': h, 'reverse.c': c } = statesOf(encoded);
  const read = tokens('tokens', START + 1);
  const readVectors = embedding(START + 1, embedded, { name: 'decoder.embedding' })(read);
  const query = lstm(hidden, { name: 'decoder', initial: { h: h!, c: c! } })(readVectors);
  const logits = dense(END + 1, { name: 'head' })(concat([query, attention(encoded)(query)]));
  return model({ inputs: [read], outputs: { logits }, encoder: { inputs: [digits] }, runtime, seed });
}
