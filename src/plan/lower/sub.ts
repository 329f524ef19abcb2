import { OpCode } from '../../../assembly/shared/codes.ts';
import type { SubNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerChain } from './merging.ts';

export function lowerSub(_node: SubNode, context: LowerContext): Value {
  return lowerChain(OpCode.Sub, context);
}
