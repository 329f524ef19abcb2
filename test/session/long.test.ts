import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadModelSync } from '../../src/session/load.ts';
import { testRuntime } from '../runtime.ts';

const folder = new URL('../../models/char-lm/', import.meta.url);
const text = readFileSync(new URL('validation.txt', folder), 'utf8');
const STEPS = 100_000;

describe.each(['model.safetensors', 'model.int8.safetensors'])('%s', { timeout: 180_000 }, (file) => {
  it(`${STEPS} steps of real text after ${STEPS} tokens stay finite and reproducible`, () => {
    using model = loadModelSync(readFileSync(new URL(file, folder)), { runtime: testRuntime() });
    const tokens = model.tokenizer!.encode(text + text).subarray(0, 2 * STEPS);
    expect(tokens.length).toBe(2 * STEPS);
    const hashes = [hashOfSteps, hashOfRun].map((hashOf) => {
      const session = model.createSession();
      session.run(tokens.subarray(0, STEPS), { returnSequences: false });
      return hashOf(session, tokens.subarray(STEPS));
    });
    expect(hashes[1]).toBe(hashes[0]);
  });
});

type TestSession = ReturnType<ReturnType<typeof loadModelSync>['createSession']>;

function hashOfSteps(session: TestSession, tokens: Uint32Array): string {
  const hash = createHash('sha256');
  const logits = new Float32Array(session.model.outputs[0]!.size);
  for (const token of tokens) {
    session.step(token, logits);
    if (!logits.every(Number.isFinite)) throw new Error('a logit is not finite');
    hash.update(logits);
  }
  return hash.digest('hex');
}

function hashOfRun(session: TestSession, tokens: Uint32Array): string {
  const hash = createHash('sha256');
  for (let at = 0; at < tokens.length; at += 10_000)
    hash.update(session.run(tokens.subarray(at, at + 10_000)));
  return hash.digest('hex');
}
