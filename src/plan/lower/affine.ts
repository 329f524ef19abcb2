import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { AffineNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { vectorOf } from './vector.ts';

export function lowerAffine({ tensors }: AffineNode, context: LowerContext): Value {
  const { plan, input } = context;
  const { size } = input;
  const scale = vectorOf(context, tensors.weight, size, 1);
  const shift = vectorOf(context, tensors.bias, size, 0);
  const y = { buffer: plan.buffer(size), size };
  const operands = [input.buffer, scale, shift, y.buffer];
  plan.op({ code: OpCode.Affine, direction: Direction.None, operands, n: size });
  return y;
}
