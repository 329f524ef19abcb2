/** What is refused says by which node, and what is supported: refusals.py makes the cases. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { onnx } from '../../../src/convert/onnx/index.ts';
import { RivuletError } from '../../../src/errors.ts';

interface Case {
  readonly name: string;
  readonly code: string;
  readonly words: readonly string[];
  /** ONNX, in base64. */
  readonly model: string;
}

const CASES = JSON.parse(readFileSync(new URL('refusals.json', import.meta.url), 'utf8')) as Case[];

function refusalOf(bytes: Uint8Array): RivuletError {
  try {
    onnx.read([{ name: 'x.onnx', bytes }], {});
  } catch (error) {
    expect(error).toBeInstanceOf(RivuletError);
    return error as RivuletError;
  }
  throw new Error('it is not refused');
}

describe('ONNX refuses', () => {
  it.each(CASES.map((each) => [each.name, each] as const))('%s', (_, { code, words, model }) => {
    const refusal = refusalOf(Buffer.from(model, 'base64'));
    expect(refusal.message).toMatch(/^onnx/);
    for (const word of words) expect(refusal.message).toContain(word);
    expect(refusal.code).toBe(code);
  });

  it('every file that ends too early', () => {
    const whole = Buffer.from(CASES[0]!.model, 'base64');
    for (let length = 0; length < whole.length; length++)
      expect(refusalOf(whole.subarray(0, length)).code).toMatch(/^(invalid-file|unsupported-operator)$/);
  });
});
