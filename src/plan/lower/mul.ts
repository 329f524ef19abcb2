import { OpCode } from '../../../assembly/shared/codes.ts';
import type { MulNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerChain } from './merging.ts';

export function lowerMul(_node: MulNode, context: LowerContext): Value {
  return lowerChain(OpCode.Mul, context);
}
