import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { DropoutNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';

/** A copy, in which a trainer drops values. */
export function lowerDropout({ rate }: DropoutNode, { plan, input }: LowerContext): Value {
  const y = { buffer: plan.buffer(input.size), size: input.size };
  plan.op({
    code: OpCode.Dropout,
    direction: Direction.None,
    operands: [input.buffer, y.buffer, undefined, undefined, plan.parameters(rate)],
    n: input.size,
  });
  return y;
}
