import type { FramePoolingNode } from '../../../src/graph/definition.ts';
import { features, type Variant, variant } from '../variant.ts';

type Shape = Pick<FramePoolingNode, 'channels' | 'kernel' | 'stride' | 'padding'> & {
  readonly width: number;
};

const SHAPES: readonly Shape[] = [
  { width: 1, channels: 1, kernel: 1 },
  { width: 8, channels: 3, kernel: 2 },
  { width: 7, channels: 5, kernel: 3, padding: 1 },
  { width: 9, channels: 3, kernel: 3, stride: 2, padding: 1 },
  { width: 9, channels: 17, kernel: 4, stride: 1, padding: 2 },
  { width: 10, channels: 16, kernel: 3, stride: 4 },
  { width: 33, channels: 1, kernel: 5, stride: 3 },
];

export const framePooling: readonly Variant[] = (['max', 'average'] as const).flatMap((operation) =>
  (['channels-last', 'channels-first', undefined] as const).flatMap((layout) =>
    SHAPES.map(({ width, ...shape }) =>
      variant(
        `${operation} ${width} ${Object.entries(shape).flat().join(' ')} ${layout ?? ''}`,
        features(3),
        (draft) => {
          draft.dense('lead', 3, width * shape.channels);
          const node = {
            type: 'frame-pooling',
            name: 'node',
            input: draft.last,
            operation,
            ...shape,
          } as const;
          draft.add(layout ? { ...node, layout } : node);
        },
      ),
    ),
  ),
);
