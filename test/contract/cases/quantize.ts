import type { GraphNode } from '../../../src/graph/definition.ts';
import { type Draft, features, type Variant, variant } from '../variant.ts';

const RANGES = [
  ['int8', { scale: 0.01, zeroPoint: 5, low: -128, high: 127 }],
  ['uint8', { scale: 0.004, zeroPoint: 128, low: 0, high: 255 }],
  ['four steps', { scale: 0.5, zeroPoint: 0, low: -2, high: 1 }],
  ['uint16', { scale: 0.002, zeroPoint: 40000, low: 0, high: 65535 }],
] as const;

/**
 * Of values within the limits and, but for uint16, beyond them. The slope of its steps is 0 or nothing; its gradient is defined, straight
 * through: that of a clip between the outer edges of the lowest and the highest step, which differences can be taken of.
 * Nothing reads what the node gives, so that the gradients of both models are the same.
 */
export const quantize: readonly Variant[] = RANGES.flatMap(([title, fields]) =>
  [1, 7, 16, 33].map((size) => {
    const name = `${title} of ${size}`;
    const model = (body: Pick<GraphNode, 'type'>) =>
      variant(name, features(3), (draft: Draft) => {
        draft.dense('lead', 3, size);
        draft.add({ ...body, name: 'node', input: draft.last } as GraphNode);
      });
    const { scale, zeroPoint, low, high } = fields;
    const edges = { low: (low - zeroPoint - 0.5) * scale, high: (high - zeroPoint + 0.5) * scale };
    const clip = { type: 'activation', activation: { type: 'clip', ...edges } } as const;
    return { ...model({ type: 'quantize', ...fields }), slopesOf: model(clip).definition };
  }),
);
