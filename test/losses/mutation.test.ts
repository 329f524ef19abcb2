/** That the golden cases see a broken loss: builds with one term of a loss changed fail those of that loss, and no others. */
import { describe, expect, it } from 'vitest';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { type LossFixture, lossFixtures } from '../golden/losses.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { scaledError } from '../reference/compare.ts';
import { type Break, compileBroken } from '../train/broken.ts';
import { parameterGradients } from '../train/cases.ts';

interface SeenBreak extends Break {
  /** The golden cases that must notice, all of them. */
  readonly seenBy: (fixture: LossFixture) => boolean;
}

const of =
  (type: string, option?: string) =>
  ({ loss }: LossFixture): boolean =>
    loss.type === type && (option === undefined || option in loss);

/** Each build breaks some losses and leaves the others whole: a compilation takes seconds. */
const BUILDS: readonly (readonly SeenBreak[])[] = [
  [
    {
      file: 'loss/cross-entropy.ts',
      term: '- scale * hard',
      broken: '+ scale * hard',
      seenBy: of('cross-entropy'),
    },
    {
      file: 'loss/binary-cross-entropy.ts',
      term: '- positive * (v < 0',
      broken: '+ positive * (v < 0',
      seenBy: of('binary-cross-entropy'),
    },
    {
      file: 'loss/mean-squared.ts',
      term: 'store<f32>(p, difference',
      broken: 'store<f32>(p, -difference',
      seenBy: of('mean-squared-error'),
    },
    {
      file: 'loss/ctc.ts',
      term: '- load<f64>(criterion.room',
      broken: '+ load<f64>(criterion.room',
      seenBy: of('ctc'),
    },
  ],
  [
    {
      file: 'loss/cross-entropy.ts',
      term: 'load<f32>(p) - weightOfClass',
      broken: 'load<f32>(p) + weightOfClass',
      seenBy: of('cross-entropy', 'labelSmoothing'),
    },
    { file: 'loss/mean-absolute.ts', term: '? -slope', broken: '? slope', seenBy: of('mean-absolute-error') },
    { file: 'loss/huber.ts', term: '? -delta', broken: '? delta', seenBy: of('huber') },
    {
      file: 'loss/binary-cross-entropy.ts',
      term: '(v < 0 ? -v : 0)',
      broken: '(v < 0 ? v : 0)',
      seenBy: of('binary-cross-entropy'),
    },
    {
      file: 'loss/ctc.ts',
      term: 'view, s) != labelOf',
      broken: 'view, s) == labelOf',
      seenBy: of('ctc'),
    },
  ],
  [
    {
      file: 'loss/cross-entropy.ts',
      term: '<i64>t == criterion.label ? 0',
      broken: '<i64>t == criterion.label ? 1',
      seenBy: of('cross-entropy', 'ignore'),
    },
    {
      file: 'loss/huber.ts',
      term: 'size - <f32>0.5',
      broken: 'size + <f32>0.5',
      seenBy: of('huber'),
    },
    {
      file: 'loss/ctc.ts',
      term: 's + 2 < states ? -Infinity : 0',
      broken: 's + 1 < states ? -Infinity : 0',
      seenBy: of('ctc'),
    },
  ],
];

const fixtures = lossFixtures();

/** Whether the loss and every tensor's gradient are PyTorch's. */
function agrees(runtime: Runtime, { definition, batchSize, timesteps, ...fixture }: LossFixture): boolean {
  const trainer = new Trainer(runtime, definition, { batchSize, unroll: timesteps, loss: fixture.loss });
  const { loss } = trainer.window(fixture.window, timesteps);
  const found = trainer.gradients();
  trainer.dispose();
  if (!(scaledError([loss], [fixture.lossValue]) <= GRADIENT_TOLERANCE)) return false;
  const expected = [...parameterGradients(definition, fixture.gradients)];
  return expected.every(([name, values]) => relativeError(found.get(name)!, values) <= GRADIENT_TOLERANCE);
}

describe('the golden cases see a broken loss', () => {
  const named = BUILDS.map((each) => [each.map(({ file }) => file).join(', '), each] as const);
  it.each(named)('%s', { timeout: 180_000 }, async (_, breaks) => {
    const runtime = await compileBroken(breaks);
    for (const fixture of fixtures) {
      const broken = breaks.some(({ seenBy }) => seenBy(fixture));
      expect(agrees(runtime, fixture), fixture.name).toBe(!broken);
    }
  });
});
