import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import { RivuletError, show } from '../../errors.ts';
import type { BatchNormNode } from '../../graph/definition.ts';
import { EPSILON } from '../../graph/nodes/epsilon.ts';
import { columnsOf } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';

/**
 * y = scale x + shift, scale = weight / √(var + epsilon), shift = bias - mean scale. No source: a training leaves the
 * statistics, and so what is folded with them, as they are.
 */
export function lowerBatchNorm(node: BatchNormNode, { plan, input, tensor }: LowerContext): Value {
  const { size } = input;
  const { scale, shift } = fold(node, tensor);
  const channels = scale.length;
  const width = size / channels;
  const channelOf = (i: number) => (node.layout === 'channels-first' ? Math.floor(i / width) : i % channels);
  const spread = (values: Float64Array) => {
    const result = new Float32Array(columnsOf(size));
    for (let i = 0; i < size; i++) result[i] = values[channelOf(i)]!;
    return plan.values({ values: result, sources: [] });
  };
  const y = { buffer: plan.buffer(size), size };
  plan.op({
    code: OpCode.Affine,
    direction: Direction.None,
    operands: [input.buffer, spread(scale), spread(shift), y.buffer],
    n: size,
  });
  return y;
}

/** Scale and shift of each channel. Float64 until they are stored, by operations that round alike on every host. */
function fold(
  { name, tensors, epsilon = EPSILON }: BatchNormNode,
  tensor: LowerContext['tensor'],
): { scale: Float64Array; shift: Float64Array } {
  const mean = tensor(tensors.running_mean).data;
  const variance = tensor(tensors.running_var).data;
  const weight = tensors.weight === undefined ? undefined : tensor(tensors.weight).data;
  const bias = tensors.bias === undefined ? undefined : tensor(tensors.bias).data;
  const scale = Float64Array.from(variance, (value, i) => {
    if (value >= 0) return (weight?.[i] ?? 1) / Math.sqrt(value + epsilon);
    throw new RivuletError(
      'non-finite-weight',
      `node ${show(name)}: running_var ${show(tensors.running_var)}[${i}] must be 0 or more, got ${value}`,
    );
  });
  const shift = scale.map((factor, i) => (bias?.[i] ?? 0) - mean[i]! * factor);
  return { scale, shift };
}
