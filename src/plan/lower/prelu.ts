import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { PReluNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { vectorOf } from './vector.ts';

export function lowerPRelu({ tensors }: PReluNode, context: LowerContext): Value {
  const { plan, input } = context;
  const { size } = input;
  const slope = vectorOf(context, tensors.weight, size, 0);
  const y = { buffer: plan.buffer(size), size };
  plan.op({
    code: OpCode.PRelu,
    direction: Direction.None,
    operands: [input.buffer, slope, y.buffer],
    n: size,
  });
  return y;
}
