/** That the golden gradients see a broken backward pass: builds with one term of an op's backward changed fail them. */
import { describe, expect, it } from 'vitest';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { GRADIENT_TOLERANCE, type TrainCase, trainCases } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { type Break, compileBroken } from './broken.ts';
import { parameterGradients, unrollOf } from './cases.ts';

interface SeenBreak extends Break {
  /** The golden case that must notice. */
  readonly seenBy: string;
}

const RECURRENT = '16 without head, batch 1, unroll 20';

/** Each build breaks several ops, of which a case sees one, and leaves others whole: a compilation takes seconds. */
const BUILDS: readonly { readonly breaks: readonly SeenBreak[]; readonly whole: readonly string[] }[] = [
  {
    breaks: [
      {
        file: 'cells/rnn.ts',
        term: 'f32x4.mul(d, f32x4.sub(one, f32x4.mul(h, h)))',
        broken: 'd',
        seenBy: `rnn-tanh ${RECURRENT}`,
      },
      {
        file: 'cells/rnn.ts',
        term: 'v128.and(d, f32x4.gt(h, zero))',
        broken: 'd',
        seenBy: `rnn-relu ${RECURRENT}`,
      },
      {
        file: 'cells/lstm.ts',
        term: 'store(dc, f32x4.mul(cell, vf))',
        broken: 'store(dc, cell)',
        seenBy: `lstm ${RECURRENT}`,
      },
      {
        file: 'cells/gru.ts',
        term: 'store(nh, f32x4.mul(dn, vr))',
        broken: 'store(nh, dn)',
        seenBy: `gru-after ${RECURRENT}`,
      },
      {
        file: 'cells/gru.ts',
        term: 'f32x4.add(v128.load(dh), f32x4.mul(d, vr))',
        broken: 'v128.load(dh)',
        seenBy: `gru-before ${RECURRENT}`,
      },
    ],
    whole: ['dense layers only', 'softmax within and as output', 'embedding only'],
  },
  {
    breaks: [
      {
        file: 'activation/backward.ts',
        term: 'f32x4.mul(y, f32x4.sub(one, y))',
        broken: 'y',
        seenBy: 'dense layers only',
      },
      {
        file: 'activation/backward.ts',
        term: '(record.db + i) - sum)',
        broken: '(record.db + i))',
        seenBy: 'softmax within and as output',
      },
      { file: 'embedding/backward.ts', term: 'dout += 64', broken: '', seenBy: 'embedding only' },
      {
        file: 'loss/cross-entropy.ts',
        term: 'load<f32>(at) - scale',
        broken: 'load<f32>(at)',
        seenBy: 'embedding and head only',
      },
    ],
    whole: ['rnn-tanh', 'rnn-relu', 'lstm', 'gru-after', 'gru-before'].map((cell) => `${cell} ${RECURRENT}`),
  },
];

const cases = new Map(trainCases().map((golden) => [golden.name, golden]));

/** Whether every tensor's gradient is PyTorch's. */
function agrees(runtime: Runtime, golden: TrainCase): boolean {
  const { definition, batchSize, loss, windows } = golden;
  const trainer = new Trainer(runtime, definition, { batchSize, unroll: unrollOf(golden), loss });
  for (const window of windows) trainer.window(window, window.timesteps);
  const found = trainer.gradients();
  const expected = [...parameterGradients(definition, golden.gradients)];
  trainer.dispose();
  return expected.every(([name, values]) => relativeError(found.get(name)!, values) <= GRADIENT_TOLERANCE);
}

describe('the golden gradients see a broken term', () => {
  it.each(
    BUILDS.map((each) => [[...new Set(each.breaks.map(({ file }) => file))].join(', '), each] as const),
  )('%s', async (_, { breaks, whole }) => {
    const runtime = await compileBroken(breaks);
    for (const { seenBy } of breaks) expect(agrees(runtime, cases.get(seenBy)!), seenBy).toBe(false);
    for (const name of whole) expect(agrees(runtime, cases.get(name)!), name).toBe(true);
  });
});
