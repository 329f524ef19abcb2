/** What training promises bit for bit. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { OPTIMIZER_NAMES } from '../../src/train/optimizers/table.ts';
import type { Trainer, TrainerOptions } from '../../src/train/trainer.ts';
import { Random } from '../reference/random.ts';
import { BUILDS } from '../runtime.ts';
import { randomWindow, trainBitwiseCases } from './bitwise-cases.ts';
import { ADAMW, type BuildName, train, trainerOf, windowsOf, words } from './drive.ts';
import { SessionStreams } from './sessions.ts';

const cases = trainBitwiseCases().map((each) => [each.name, each] as const);

describe.each(cases)('%s', (_, each) => {
  const { definition, batchSize, unroll, loss } = each;

  /** Consecutive windows, whole and short, plain and weighted, with a stream that starts again in between. */
  function expectSessionLosses(trainer: Trainer, seed: number): void {
    using streams = new SessionStreams(trainer.definition(), batchSize, loss);
    const random = new Random(seed);
    for (const [i, timesteps] of [unroll, Math.ceil(unroll / 2), unroll, 1].entries()) {
      const window = randomWindow(each, timesteps * batchSize, random, i % 2 === 1);
      expect(trainer.window(window, timesteps).loss, `window ${i}`).toBe(streams.mean(window, timesteps));
      if (i !== 1) continue;
      trainer.resetState(batchSize - 1);
      streams.reset(batchSize - 1);
    }
  }

  it.each(BUILDS)('its loss is that of sessions, before and after 5 updates: %s', (build) => {
    const trainer = trainerOf(each, build);
    expectSessionLosses(trainer, 1);
    const before = words(trainer.parameters());
    train(trainer, windowsOf(each, 5, 2), unroll);
    expect(words(trainer.parameters())).not.toEqual(before);
    trainer.resetState();
    expectSessionLosses(trainer, 3);
    trainer.dispose();
  });

  it('the untrained definition has the same loss as the one given', () => {
    const trainer = trainerOf(each);
    const [window] = windowsOf(each, 1, 4);
    using streams = new SessionStreams(definition, batchSize, loss);
    expect(trainer.window(window!, unroll).loss).toBe(streams.mean(window!, unroll));
    trainer.dispose();
  });

  it('evaluate gives the sum of a session, and changes nothing', () => {
    const timesteps = 150;
    const [stream, windows] = [randomWindow(each, timesteps, new Random(5)), windowsOf(each, 3, 6)];
    const [disturbed, alone] = [trainerOf(each), trainerOf(each)];
    for (const window of windows) {
      disturbed.window(window, unroll);
      using session = new SessionStreams(disturbed.definition(), 1, loss);
      expect(disturbed.evaluate(stream.inputs, stream.targets, timesteps)).toEqual({
        sum: session.sums(stream, timesteps).loss,
        weight: timesteps,
      });
      disturbed.update(ADAMW);
    }
    train(alone, windows, unroll);
    expect(words(disturbed.parameters())).toEqual(words(alone.parameters()));
    disturbed.dispose();
    alone.dispose();
  });

  it.each(
    OPTIMIZER_NAMES,
  )('scalar and simd have the same weights after 10 updates, with dropout: %s', (optimizer) => {
    const windows = windowsOf(each, 10, 7);
    const [simd, scalar] = BUILDS.map((build) => {
      const trainer = trainerOf(each, build, { dropout: 0.3, seed: 9 });
      const losses = train(trainer, windows, unroll, optimizer);
      const weights = words(trainer.parameters());
      trainer.dispose();
      return { losses, weights };
    });
    expect(scalar).toEqual(simd);
  });
});

describe('dropout', () => {
  const [, each] = cases.find(([name]) => name === 'lstm 33×3, batch 3')!;
  const run = (more: Partial<TrainerOptions>) => {
    const trainer = trainerOf(each, 'simd', more);
    const losses = train(trainer, windowsOf(each, 4, 8), each.unroll);
    const result = { losses, weights: words(trainer.parameters()) };
    trainer.dispose();
    return result;
  };

  it('follows from the seed alone', () => {
    const first = run({ dropout: 0.3, seed: 2 ** 40 + 3 });
    expect(run({ dropout: 0.3, seed: 2 ** 40 + 3 })).toEqual(first);
    for (const other of [
      { dropout: 0.3, seed: 3 },
      { dropout: 0.2, seed: 2 ** 40 + 3 },
      { seed: 2 ** 40 + 3 },
    ]) {
      const { losses } = run(other);
      for (const [i, loss] of losses.entries()) expect(loss).not.toBe(first.losses[i]);
    }
    expect(run({ dropout: 0, seed: 4 })).toEqual(run({}));
  });

  it('draws other masks for each window', () => {
    const trainer = trainerOf(each, 'simd', { dropout: 0.3, seed: 1 });
    const [window] = windowsOf(each, 1, 9);
    const losses = Array.from({ length: 5 }, () => {
      trainer.resetState();
      return trainer.window(window!, each.unroll).loss;
    });
    expect(new Set(losses).size).toBe(5);
    trainer.dispose();
  });

  it('plays no part in evaluate', () => {
    const stream = randomWindow(each, 100, new Random(10));
    const [dropping, plain] = [0.5, 0].map((dropout) => trainerOf(each, 'simd', { dropout }));
    const sums = [dropping!, plain!].map((trainer) => trainer.evaluate(stream.inputs, stream.targets, 100));
    expect(sums[0]).toEqual(sums[1]);
    dropping!.dispose();
    plain!.dispose();
  });
});

describe('one seed, one set of weights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-bits-'));
  const script = join(folder, 'bits.mjs');
  const node24 = fileURLToPath(new URL('../../tools/engines/node_modules/node-24/bin/node', import.meta.url));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function hashes(node: string, build: BuildName): Promise<{ node: string; hashes: string[] }> {
    const entry = fileURLToPath(new URL('./bits-entry.ts', import.meta.url));
    const options = { bundle: true, format: 'esm', target: 'es2022', logLevel: 'warning' } as const;
    await bundle({ ...options, entryPoints: [entry], outfile: script, external: ['node:*', '*.wasm'] });
    const wasm = fileURLToPath(new URL(`../../dist/wasm/train.${build}.wasm`, import.meta.url));
    return JSON.parse(execFileSync(node, [script, wasm], { encoding: 'utf8' }));
  }

  it('in other processes, on both builds', async () => {
    const [simd, again, scalar] = [
      await hashes(process.execPath, 'simd'),
      await hashes(process.execPath, 'simd'),
      await hashes(process.execPath, 'scalar'),
    ];
    expect(new Set(simd.hashes).size).toBe(5);
    expect(again.hashes).toEqual(simd.hashes);
    expect(scalar.hashes).toEqual(simd.hashes);
  });

  it('on Node 24', async ({ skip }) => {
    if (!existsSync(node24)) skip('no Node 24: run `npm ci` in tools/engines (linux-x64)');
    for (const build of BUILDS) {
      const found = await hashes(node24, build);
      expect(found.node).toMatch(/^v24\./);
      expect(found.hashes).toEqual((await hashes(process.execPath, build)).hashes);
    }
  });
});
