import { Direction } from '../../../assembly/shared/codes.ts';
import type { DenseNode } from '../../graph/definition.ts';
import { activate } from './activation.ts';
import type { LowerContext, Value } from './context.ts';
import { blocks, lowerProduct } from './product.ts';

export function lowerDense(node: DenseNode, context: LowerContext): Value {
  const { weight, bias } = node.tensors;
  const size = context.tensor(weight).shape[0]!;
  const y = { buffer: context.plan.buffer(size), size };
  const vector = bias === undefined ? undefined : context.tensor(bias);
  lowerProduct(context, {
    weight,
    x: context.input.buffer,
    k: context.input.size,
    out: y.buffer,
    order: [0],
    size,
    bias: {
      values: blocks([vector?.data as Float32Array | undefined], [0], size),
      sources: vector ? [{ tensor: vector, from: 0, length: size, to: 0 }] : [],
    },
    direction: Direction.None,
  });
  if (node.activation) activate(context.plan, node.activation, y.buffer, y.buffer, size, Direction.None);
  return y;
}
