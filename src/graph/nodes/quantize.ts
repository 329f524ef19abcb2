import type { QuantizeNode } from '../definition.ts';
import type { NodeKind } from './node-kind.ts';

/** What a number of 16 bits can be, with a sign or without. */
const [LOWEST, HIGHEST] = [-32768, 65535];
/** None whose quotients and products are all beyond float32. */
const [SMALLEST_SCALE, LARGEST_SCALE] = [1e-30, 1e30];

export const quantize: NodeKind<QuantizeNode> = {
  type: 'quantize',
  reads: 'vector',
  merges: false,
  matrices: [],

  parse(head, fields) {
    const scale = fields.number('scale', SMALLEST_SCALE, LARGEST_SCALE);
    const low = fields.integer('low', LOWEST, HIGHEST);
    const high = fields.integer('high', low, HIGHEST);
    return { ...head, type: 'quantize', scale, zeroPoint: fields.integer('zeroPoint', low, high), low, high };
  },

  shape: (_node, [inputSize]) => ({ size: inputSize! }),
  attributes: ({ scale, zeroPoint, low, high }) => `${scale} ${zeroPoint} ${low} ${high}`,
};
