import { OpCode } from '../../../assembly/shared/codes.ts';
import type { DivNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerChain } from './merging.ts';

export function lowerDiv(_node: DivNode, context: LowerContext): Value {
  return lowerChain(OpCode.Div, context);
}
