import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { TimePoolingNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';

const CODES = { max: OpCode.TimeMax, sum: OpCode.TimeSum, mean: OpCode.TimeMean } as const;

/** The state of a maximum or a mean has one more value, the number of timesteps so far. */
export function lowerTimePooling({ name, operation }: TimePoolingNode, context: LowerContext): Value {
  const { plan, input } = context;
  const { size } = input;
  const y = { buffer: plan.buffer(size), size };
  const state = plan.state(`${name}.${operation}`, operation === 'sum' ? size : size + 1);
  plan.op({
    code: CODES[operation],
    direction: Direction.Forward,
    operands: [input.buffer, state, y.buffer],
    n: size,
  });
  return y;
}
