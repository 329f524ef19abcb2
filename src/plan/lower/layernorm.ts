import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { LayerNormNode } from '../../graph/definition.ts';
import { EPSILON } from '../../graph/nodes/epsilon.ts';
import type { LowerContext, Value } from './context.ts';
import { vectorOf } from './vector.ts';

export function lowerLayerNorm(node: LayerNormNode, context: LowerContext): Value {
  const { plan, input } = context;
  const { weight, bias } = node.tensors;
  const { size } = input;
  const y = { buffer: plan.buffer(size), size };
  plan.op({
    code: OpCode.LayerNorm,
    direction: Direction.None,
    operands: [
      input.buffer,
      vectorOf(context, weight, size, 1),
      vectorOf(context, bias, size, 0),
      y.buffer,
      plan.parameters(node.epsilon ?? EPSILON),
    ],
    k: 1,
    n: size,
  });
  return y;
}
