/** Every optimizer and option against PyTorch in float64, over ten updates: losses, norms, and all parameters. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPTIMIZER_NAMES, type OptimizerStep, readOptimizer } from '../../src/train/optimizers/table.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { trainCases, UPDATE_TOLERANCE } from '../golden/train.ts';
import { randomModel } from '../reference/models.ts';
import { bits, trainRuntime, unrollOf } from './cases.ts';
import { STEPS } from './drive.ts';

interface Golden {
  readonly case: string;
  readonly name: string;
  readonly step: OptimizerStep;
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly parameters?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Of a parameter, absolute: PyTorch in float32 comes to 3e-7, ours to 5e-7; the options of one optimizer end more than
 * 1e-4 apart.
 */
const PARAMETER_TOLERANCE = 2e-6;

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };
const { updates } = JSON.parse(
  readFileSync(new URL('../golden/fixtures/train/optimizers.json', import.meta.url), 'utf8'),
) as { updates: Golden[] };
const cases = new Map(trainCases().map((each) => [each.name, each]));

function run(build: keyof typeof runtimes, { case: name, step, losses }: Golden) {
  const golden = cases.get(name)!;
  const { definition, batchSize, loss, windows } = golden;
  const options = { batchSize, unroll: unrollOf(golden), loss };
  const trainer = new Trainer(runtimes[build], definition, options);
  const results = losses.map((_, i) => {
    const window = windows[i % windows.length]!;
    const result = trainer.window(window, window.timesteps);
    trainer.update(step);
    return result;
  });
  const parameters = trainer.parameters();
  trainer.dispose();
  return { results, parameters };
}

describe.each(
  updates.map((golden) => [`${golden.name}: ${golden.case}`, golden] as const),
)('%s', (_, golden) => {
  it('is that of PyTorch, on both builds', () => {
    const { results, parameters } = run('simd', golden);
    for (const [i, { loss, gradientNorm }] of results.entries()) {
      expect(Math.abs(loss - golden.losses[i]!), `loss ${i}`).toBeLessThanOrEqual(UPDATE_TOLERANCE);
      const error = Math.abs(gradientNorm / golden.norms[i]! - 1);
      expect(error, `norm ${i}`).toBeLessThanOrEqual(UPDATE_TOLERANCE);
    }
    for (const [name, expected] of Object.entries(golden.parameters ?? {})) {
      const found = parameters.get(name)!;
      expect(found.length, name).toBe(expected.length);
      for (const [i, value] of found.entries())
        expect(Math.abs(value - expected[i]!), `${name}[${i}]`).toBeLessThanOrEqual(PARAMETER_TOLERANCE);
    }
    const scalar = run('scalar', golden);
    expect(scalar.results).toEqual(results);
    for (const [name, values] of parameters)
      expect(bits(scalar.parameters.get(name)!), name).toEqual(bits(values));
  });
});

describe('the cases', () => {
  const small = updates.filter(({ parameters }) => parameters);

  it('have each optimizer and each of its options', () => {
    for (const type of OPTIMIZER_NAMES) {
      const steps: object[] = updates.map(({ step }) => step).filter((step) => step.type === type);
      expect(steps.length, type).toBeGreaterThan(0);
      const tried = new Set(steps.flatMap((step) => Object.keys(step)));
      for (const option of Object.keys(readOptimizer(type))) expect(tried.has(option), option).toBe(true);
    }
  });

  it('end where no other ends', () => {
    for (const a of small) {
      for (const b of small) {
        if (a === b) continue;
        const apart = Object.keys(a.parameters!).flatMap((name) =>
          a.parameters![name]!.map((value, i) => Math.abs(value - b.parameters![name]![i]!)),
        );
        expect(Math.max(...apart), `${a.name}, ${b.name}`).toBeGreaterThan(50 * PARAMETER_TOLERANCE);
      }
    }
  });
});

describe('moments', () => {
  const definition = randomModel({
    cell: 'lstm',
    input: 3,
    vocabulary: 4,
    hidden: 5,
    output: 4,
    depth: 1,
    seed: 1,
  });
  const make = () =>
    new Trainer(runtimes.simd, definition, { batchSize: 1, unroll: 2, loss: 'cross-entropy' });
  const tokens = { inputs: Uint32Array.of(0, 1), targets: Uint32Array.of(1, 0) };
  const others = { inputs: Uint32Array.of(2, 3), targets: Uint32Array.of(3, 2) };

  it.each(
    OPTIMIZER_NAMES,
  )('%s: those of a token that comes no more fall to 0, never to a denormal number', (name) => {
    const trainer = make();
    // So that a moment halves with each update, and no weight decay feeds it.
    const step = { ...STEPS[name], momentum: 0.5, alpha: 0.5, beta1: 0.5, beta2: 0.5, weightDecay: 0 };
    trainer.window(tokens, 2);
    trainer.update(step as OptimizerStep);
    for (let i = 0; i < 140; i++) {
      trainer.window(others, 2);
      trainer.update(step as OptimizerStep);
    }
    const { blocks } = trainer.save();
    trainer.dispose();
    const moments = ['moments', 'secondMoments', 'thirdMoments'].flatMap((block) => [
      ...(blocks.get(block) ?? []),
    ]);
    expect(moments.filter((value) => value !== 0 && Math.abs(value) < 1e-30)).toEqual([]);
    expect(moments.some((value) => value !== 0)).toBe(true);
  });

  it('a third one is made when it is wanted, saved and brought back', () => {
    const [first, second] = [make(), make()];
    const before = first.save();
    expect(before.blocks.has('thirdMoments')).toBe(false);
    const step = STEPS.rmsprop;
    const go = (trainer: Trainer) => {
      trainer.window(tokens, 2);
      trainer.update(step);
      return trainer;
    };
    second.restore(go(first).save());
    expect(go(second).save()).toEqual(go(first).save());
    // A state of before there was one.
    first.restore(before);
    second.restore(before);
    expect(go(second).parameters()).toEqual(go(make()).parameters());
    first.dispose();
    second.dispose();
  });
});

describe('defaults', () => {
  it.each(OPTIMIZER_NAMES)('%s by name is %s with no option', (type) => {
    expect(readOptimizer(type)).toEqual(readOptimizer({ type }));
  });
});
