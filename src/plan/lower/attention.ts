import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { AttentionNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';

export function lowerAttention(node: AttentionNode, context: LowerContext): Value {
  const { plan, input } = context;
  const { size } = input;
  const out = { buffer: plan.buffer(size), size };
  plan.op({
    code: OpCode.Attention,
    direction: Direction.None,
    operands: [
      input.buffer,
      context.encoded(node.memory).buffer,
      out.buffer,
      undefined,
      plan.parameters(node.scale ?? 1),
    ],
    n: size,
  });
  return out;
}
