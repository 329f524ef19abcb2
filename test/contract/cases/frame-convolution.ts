import type { FrameLayout } from '../../../src/graph/definition.ts';
import { features, title, type Variant, variant } from '../variant.ts';
import { ACTIVATIONS } from './activation.ts';

interface Shape {
  readonly width: number;
  readonly channels: number;
  readonly units: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly padding?: number;
  readonly layout?: FrameLayout;
  readonly bias?: boolean;
}

const of = (shape: Shape, activation?: (typeof ACTIVATIONS)[number]): Variant => {
  const { width, channels, units, kernel, bias = true, ...more } = shape;
  const name = Object.entries(shape).flat().join(' ');
  return variant(`${name}${activation ? `, ${title(activation)}` : ''}`, features(3), (draft) => {
    draft.dense('lead', 3, width * channels);
    const weight = draft.tensor('weight', [units, channels, kernel], 1 / Math.sqrt(channels * kernel));
    const tensors = bias ? { weight, bias: draft.tensor('bias', [units], 0.5) } : { weight };
    const node = { type: 'frame-convolution', name: 'node', input: draft.last, tensors, ...more } as const;
    draft.add(activation ? { ...node, activation } : node);
  });
};

const SHAPES: readonly Shape[] = [
  { width: 1, channels: 1, units: 1, kernel: 1 },
  { width: 7, channels: 3, units: 5, kernel: 3 },
  { width: 7, channels: 1, units: 17, kernel: 7 },
  { width: 9, channels: 3, units: 7, kernel: 3, padding: 1 },
  { width: 9, channels: 3, units: 7, kernel: 3, stride: 2, padding: 2 },
  { width: 9, channels: 2, units: 3, kernel: 3, dilation: 3 },
  { width: 10, channels: 17, units: 16, kernel: 4, stride: 3, dilation: 2, padding: 3, bias: false },
  { width: 3, channels: 16, units: 33, kernel: 5, padding: 4 },
];

export const frameConvolution: readonly Variant[] = [
  ...SHAPES.map((shape) => of(shape)),
  ...SHAPES.map((shape) => of({ ...shape, layout: 'channels-first' })),
  ...ACTIVATIONS.map((activation) =>
    of({ width: 5, channels: 3, units: 7, kernel: 3, layout: 'channels-last' }, activation),
  ),
  of({ width: 5, channels: 3, units: 7, kernel: 3, layout: 'channels-first' }, 'relu'),
];
