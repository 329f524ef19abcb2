import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { SliceNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';

export function lowerSlice({ start, size }: SliceNode, { plan, input }: LowerContext): Value {
  const y = { buffer: plan.buffer(size), size };
  plan.op({
    code: OpCode.CopyColumns,
    direction: Direction.None,
    operands: [input.buffer, y.buffer],
    k: start,
    n: size,
  });
  return y;
}
