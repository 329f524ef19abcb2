import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { generateText } from '../../src/text/generate.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';

const vocabulary = [...'abcdefghij'];
const definition = {
  ...randomModel({
    cell: 'lstm',
    input: 8,
    hidden: 32,
    depth: 1,
    vocabulary: 10,
    output: 10,
    seed: 5,
    scale: 3,
  }),
  tokenizer: { type: 'characters', vocabulary } as const,
};
const model = new Model(testRuntime(), definition);
const text = (options: object) => [
  ...generateText(model.createSession(), { prompt: 'abc', maxTokens: 60, ...options }),
];

describe('generateText', () => {
  it('refuses a session of several streams, and so does evaluateText', () => {
    const batch = model.createSession({ batchSize: 2 });
    const error = expect.objectContaining({
      code: 'invalid-argument',
      message: expect.stringContaining('batchSize 2'),
    });
    expect(() => generateText(batch, { prompt: 'abc' })).toThrow(error);
    expect(() => evaluateText(batch, 'abc')).toThrow(error);
  });

  it('at temperature 0 takes the largest logit of the reference each time', () => {
    const reference = new ReferenceSession(definition);
    let logits: ArrayLike<number> = [];
    for (const c of 'abc') logits = reference.step(vocabulary.indexOf(c));
    let expected = '';
    for (let i = 0; i < 60; i++) {
      const token = Array.from(logits).indexOf(Math.max(...Array.from(logits)));
      expected += vocabulary[token];
      logits = reference.step(token);
    }
    expect(text({ temperature: 0 }).join('')).toBe(expected);
  });

  it('gives one text for a seed, on both builds, and another for another', () => {
    const scalar = new Model(testRuntime('scalar'), definition).createSession();
    const options = { prompt: 'abc', maxTokens: 60, temperature: 1.3, seed: 2 ** 40 + 7 };
    expect([...generateText(scalar, options)].join('')).toBe(text(options).join(''));
    expect(text({ ...options, seed: 8 })).not.toEqual(text(options));
    expect(text({ ...options, seed: 7 })).not.toEqual(text(options));
  });

  it('topK 1 is temperature 0', () => {
    expect(text({ topK: 1, seed: 3 })).toEqual(text({ temperature: 0 }));
    expect(text({ topP: 1e-6, seed: 3 })).toEqual(text({ temperature: 0 }));
  });

  it('streams token by token and counts them', () => {
    expect(text({}).length).toBe(60);
    expect(text({ maxTokens: 0 })).toEqual([]);
  });

  it('goes on where it ended', () => {
    const session = model.createSession();
    const first = [...generateText(session, { prompt: 'abc', maxTokens: 30, temperature: 0 })].join('');
    const second = [...generateText(session, { maxTokens: 30, temperature: 0 })].join('');
    expect(first + second).toBe(text({ temperature: 0 }).join(''));
  });

  it('ends before a stop string, and gives back what only began as one', () => {
    const whole = text({ temperature: 0 }).join('');
    const stop = whole.slice(20, 23);
    expect(text({ temperature: 0, stop }).join('')).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(text({ temperature: 0, stop: ['zz', `${whole.slice(10, 12)}z`] }).join('')).toBe(whole);
    expect(text({ temperature: 0, stop: `${whole.slice(58)}z` }).join('')).toBe(whole);
  });
});

describe('evaluateText', () => {
  it('is the mean cross-entropy of the reference', () => {
    const passage = 'abcdefghijjihgfedcbaabacadaeafagahaiaj'.repeat(4);
    const reference = new ReferenceSession(definition);
    let sum = 0;
    for (let i = 0; i + 1 < passage.length; i++) {
      const logits = Array.from(reference.step(vocabulary.indexOf(passage[i]!)));
      const largest = Math.max(...logits);
      const total = logits.reduce((s, v) => s + Math.exp(v - largest), 0);
      sum += Math.log(total) + largest - logits[vocabulary.indexOf(passage[i + 1]!)]!;
    }
    const { loss, tokens } = evaluateText(model.createSession(), passage);
    expect(tokens).toBe(passage.length - 1);
    expect(Math.abs(loss - sum / tokens)).toBeLessThan(2e-6);
  });
});

describe('without a prompt', () => {
  it.each([
    ['reset', (session: ReturnType<Model['createSession']>) => session.reset()],
    ['restore', (session: ReturnType<Model['createSession']>) => session.restore(session.snapshot())],
    ['run', (session: ReturnType<Model['createSession']>) => session.run([1, 2])],
  ])('a session is refused after %s, for its last logits are not of its state', (_, act) => {
    const session = model.createSession();
    session.step(1);
    expect([...generateText(session, { maxTokens: 1, temperature: 0 })].length).toBe(1);
    act(session);
    expect(() => generateText(session, { maxTokens: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});
