import { features, title, type Variant, variant } from '../variant.ts';
import { ACTIVATIONS } from './activation.ts';

interface Shape {
  readonly frames?: number;
  readonly channels: number;
  readonly units: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
}

const of = (shape: Shape, activation?: (typeof ACTIVATIONS)[number]): Variant => {
  const { frames = 1, channels, units, kernel, stride, dilation, bias = true } = shape;
  const name = Object.entries(shape).flat().join(' ');
  const inputs = frames * channels;
  return variant(`${name}${activation ? `, ${title(activation)}` : ''}`, features(3), (draft) => {
    draft.dense('lead', 3, inputs);
    const weight = draft.tensor('weight', [units, channels, kernel], 1 / Math.sqrt(channels * kernel));
    const tensors = bias ? { weight, bias: draft.tensor('bias', [units], 0.5) } : { weight };
    const more = {
      ...(stride && { stride }),
      ...(dilation && { dilation }),
      ...(activation && { activation }),
    };
    draft.add({ type: 'convolution', name: 'node', input: draft.last, tensors, ...more });
  });
};

export const convolution: readonly Variant[] = [
  of({ channels: 1, units: 1, kernel: 1 }),
  of({ channels: 1, units: 1, kernel: 3 }),
  of({ channels: 3, units: 7, kernel: 3 }),
  of({ channels: 17, units: 33, kernel: 2, bias: false }),
  of({ channels: 16, units: 16, kernel: 5 }),
  of({ channels: 3, units: 5, kernel: 2, dilation: 7 }),
  of({ channels: 7, units: 3, kernel: 3, dilation: 4 }),
  of({ frames: 4, channels: 3, units: 5, kernel: 3, stride: 2 }),
  of({ frames: 4, channels: 3, units: 17, kernel: 3, stride: 4 }),
  of({ frames: 3, channels: 7, units: 5, kernel: 4 }),
  of({ frames: 6, channels: 2, units: 3, kernel: 5, stride: 3, dilation: 2 }),
  of({ frames: 4, channels: 3, units: 5, kernel: 1, stride: 4 }),
  of({ frames: 6, channels: 3, units: 5, kernel: 2, stride: 3 }),
  of({ frames: 10, channels: 1, units: 33, kernel: 10, stride: 5 }),
  ...ACTIVATIONS.map((activation) => of({ channels: 3, units: 7, kernel: 3 }, activation)),
  variant('twice, then a cell', features(3), (draft) => {
    const weights = [draft.tensor('first', [7, 3, 3], 0.4), draft.tensor('second', [5, 7, 2], 0.4)] as const;
    draft.add({
      type: 'convolution',
      name: 'lower',
      input: 'input',
      tensors: { weight: weights[0] },
      activation: 'relu',
    });
    draft.add({
      type: 'convolution',
      name: 'upper',
      input: 'lower',
      tensors: { weight: weights[1] },
      dilation: 2,
    });
    draft.cell('gru', 'cell', 5, 7, { resetAfter: true });
  }),
];
