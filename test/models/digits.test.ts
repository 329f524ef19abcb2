import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadModelSync, quantize } from '../../src/index.ts';
import { cardOf, modelOf } from '../../tools/models/digits/files.ts';
import { answer, exactMatch, measure } from '../../tools/models/digits/measure.ts';
import { RECIPES } from '../../tools/train/digits/recipe.ts';
import { solve, TASKS, testStrings, trainingStrings } from '../../tools/train/digits/strings.ts';
import { train } from '../../tools/train/digits/train.ts';
import { testRuntime } from '../runtime.ts';
import { trainRuntime } from '../train/cases.ts';

const runtime = testRuntime();
const key = (digits: readonly number[]) => digits.join('');

describe('the strings of digits', () => {
  it('are tested at every length, all different', () => {
    const strings = testStrings(runtime);
    expect(new Set(strings.map(key)).size).toBe(strings.length);
    for (let length = 1; length <= 20; length++) {
      const count = strings.filter((digits) => digits.length === length).length;
      expect(count).toBe([0, 2, 20][length] ?? 100);
    }
    expect(testStrings(testRuntime('scalar'))).toEqual(strings);
  });

  it.each(TASKS)('of the test set are not among those that the training of %s draws', (task) => {
    const tested = new Set(testStrings(runtime).map(key));
    const { updates, batchSize, seed } = RECIPES[task];
    const next = trainingStrings(runtime, seed);
    const lengths = new Set<number>();
    for (let i = 0; i < updates * batchSize; i++) {
      const digits = next();
      lengths.add(digits.length);
      if (tested.has(key(digits))) throw new Error(`${key(digits)} is tested`);
    }
    expect(lengths.size).toBe(20);
  });
});

describe.each(TASKS)('models/%s-digits', (task) => {
  const bytes = new Uint8Array(readFileSync(modelOf(task)));
  const model = loadModelSync(bytes, { runtime });

  it('solves at least 99 % of the test strings to the last digit, in float32 and in int8', () => {
    const scores = measure(model, task);
    expect(exactMatch(scores)).toBeGreaterThanOrEqual(0.99);
    for (const { strings, exact } of scores) expect(exact / strings).toBeGreaterThanOrEqual(0.9);
    const card = readFileSync(cardOf(task), 'utf8');
    for (const { length, strings, exact } of scores) {
      expect(card).toMatch(new RegExp(`^\\| ${length} \\| ${strings} \\| ${exact} \\|`, 'm'));
    }
    expect(exactMatch(measure(quantize(model, { weights: 'int8' }).model, task))).toBeGreaterThanOrEqual(
      0.99,
    );
  });

  it('answers alike on the scalar build', () => {
    const scalar = loadModelSync(bytes, { runtime: testRuntime('scalar') });
    for (const digits of testStrings(runtime).slice(-20)) {
      expect(answer(scalar, digits)).toEqual(answer(model, digits));
    }
  });

  it('is the file of its card, small, and of the recipe', () => {
    const card = readFileSync(cardOf(task), 'utf8');
    expect(card).toContain(createHash('sha256').update(bytes).digest('hex'));
    expect(bytes.length).toBeLessThan(300_000);
    expect(JSON.parse(model.metadata.training!)).toEqual(RECIPES[task]);
  });

  it('begins to learn, with the same bits on both builds', () => {
    const losses: number[] = [];
    const recipe = { ...RECIPES[task], updates: 30, warmup: 5, batchSize: 16, hidden: 20 };
    const trained = train(recipe, trainRuntime('simd'), ({ loss }) => losses.push(loss));
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.05);
    expect(train(recipe, trainRuntime('scalar'), () => {})).toEqual(trained);
  });
});

it('solves the tasks themselves', () => {
  expect(solve('reverse', [4, 0, 7, 1])).toEqual([1, 7, 0, 4]);
  expect(solve('sort', [4, 0, 7, 4])).toEqual([0, 4, 4, 7]);
});
