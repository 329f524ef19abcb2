import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { QuantizeNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';

/** The limits are counted from the zero point, which then drops out of the sum. */
export function lowerQuantize(node: QuantizeNode, { plan, input }: LowerContext): Value {
  const { scale, zeroPoint, low, high } = node;
  const y = { buffer: plan.buffer(input.size), size: input.size };
  plan.op({
    code: OpCode.Quantize,
    direction: Direction.None,
    operands: [input.buffer, y.buffer, plan.parameters(scale, low - zeroPoint, high - zeroPoint)],
    n: input.size,
  });
  return y;
}
