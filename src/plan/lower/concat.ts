import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { ConcatNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';

export function lowerConcat(_node: ConcatNode, context: LowerContext): Value {
  return concatenate(context);
}

/** Each value is copied behind those before it. */
export function concatenate({ plan, inputs }: Pick<LowerContext, 'plan' | 'inputs'>): Value {
  const size = inputs.reduce((sum, input) => sum + input.size, 0);
  const y = { buffer: plan.buffer(size), size };
  let column = 0;
  for (const x of inputs) {
    plan.op({
      code: OpCode.CopyColumns,
      direction: Direction.None,
      operands: [x.buffer, y.buffer],
      n: x.size,
      m: column,
    });
    column += x.size;
  }
  return y;
}
