import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { LayerNormNode, Tensor } from '../../graph/definition.ts';
import { EPSILON } from '../../graph/nodes/epsilon.ts';
import { columnsOf, type Values } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';

export function lowerLayerNorm(node: LayerNormNode, context: LowerContext): Value {
  const { plan, input } = context;
  const { weight, bias } = node.tensors;
  const { size } = input;
  const vector = (name: string | undefined, absent: number) =>
    plan.values(vectorOf(name === undefined ? undefined : context.tensor(name), size, absent));
  const y = { buffer: plan.buffer(size), size };
  plan.op({
    code: OpCode.LayerNorm,
    direction: Direction.None,
    operands: [
      input.buffer,
      vector(weight, 1),
      vector(bias, 0),
      y.buffer,
      plan.parameters(node.epsilon ?? EPSILON),
    ],
    k: 1,
    n: size,
  });
  return y;
}

/** A float32 vector in whole panels; without a tensor each of its values is `absent`. */
function vectorOf(tensor: Tensor | undefined, size: number, absent: number): Values {
  const values = new Float32Array(columnsOf(size));
  if (!tensor) return { values: values.fill(absent, 0, size), sources: [] };
  values.set(tensor.data);
  return { values, sources: [{ tensor, from: 0, length: size, to: 0 }] };
}
