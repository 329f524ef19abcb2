import { OpCode } from '../../../assembly/shared/codes.ts';
import type { AddNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerChain } from './merging.ts';

export function lowerAdd(_node: AddNode, context: LowerContext): Value {
  return lowerChain(OpCode.Add, context);
}
