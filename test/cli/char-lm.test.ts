/** The committed files of models/char-lm: golden.json and the card belong to them, on both builds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModelSync } from '../../src/session/load.ts';
import { golden, sample } from '../../tools/models/char-lm/measure.ts';
import { sha256 } from '../../tools/models/char-lm/record.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { CHAR_LM } from './command.ts';

const expected = JSON.parse(readFileSync(join(CHAR_LM, 'golden.json'), 'utf8'));
const card = readFileSync(join(CHAR_LM, 'README.md'), 'utf8');
const readme = readFileSync(join(CHAR_LM, '../../README.md'), 'utf8');
const validation = readFileSync(join(CHAR_LM, 'validation.txt'), 'utf8');

describe.each(Object.keys(expected.models))('%s', (name) => {
  const bytes = readFileSync(join(CHAR_LM, name));
  const { file, loss, ...hashes } = expected.models[name];

  it('is the file that golden.json, the card and the README are of', () => {
    expect(sha256(bytes)).toBe(file);
    expect(card).toContain(`| \`${name}\` | ${bytes.length.toLocaleString('en-US')} | ${loss.toFixed(4)} |`);
    expect(card).toContain(file);
    expect(readme).toContain(` ${bytes.length.toLocaleString('en-US')} |`);
    expect(readme).toContain(` ${loss.toFixed(4)} |`);
  });

  it.each(BUILDS)('gives the same text and logits, %s', (build) => {
    const model = loadModelSync(bytes, { runtime: testRuntime(build) });
    const { text, sampled, logits } = hashes;
    expect(golden(model, validation)).toEqual({ text, sampled, logits });
    if (name.includes('int8'))
      expect(card).toContain(`${expected.prompt}${sample(model, { temperature: 0 })}`);
  });

  it('reads and writes itself', () => {
    const model = loadModelSync(bytes, { runtime: testRuntime() });
    expect(Buffer.from(model.toBytes()).equals(bytes)).toBe(true);
    expect(JSON.parse(model.metadata.training!).validation.sha256).toBe(sha256(validation));
  });
});
