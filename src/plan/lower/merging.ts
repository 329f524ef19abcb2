import { Direction, type OpCode } from '../../../assembly/shared/codes.ts';
import type { LowerContext, Value } from './context.ts';

/** The inputs one after the other: ((a ∘ b) ∘ c) …, each with a buffer of its own, since backward reads them. */
export function lowerChain(
  code: OpCode.Add | OpCode.Sub | OpCode.Mul | OpCode.Div,
  { plan, inputs }: Pick<LowerContext, 'plan' | 'inputs'>,
): Value {
  return inputs.reduce((a, b) => {
    const y = { buffer: plan.buffer(a.size), size: a.size };
    plan.op({ code, direction: Direction.None, operands: [a.buffer, b.buffer, y.buffer], n: a.size });
    return y;
  });
}
