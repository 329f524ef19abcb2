import { float32 } from '../emitter.ts';
import { axisOf } from '../movements.ts';
import type { Operator } from '../operator.ts';
import { unsupported } from '../refuse.ts';
import { type Constant, Elements, sizeOf, streamLike } from '../value.ts';
import { alongAxes } from './along.ts';
import { constantAt, optionalConstantAt, streamAt } from './inputs.ts';
import { broadcast } from './movements.ts';

const batchNormalization: Operator = (call) => {
  const { attributes, emit, place, node } = call;
  const x = streamAt(call, 0);
  attributes.ignore('momentum', 'consumed_inputs');
  attributes.only('training_mode', 0);
  attributes.only('spatial', 1);
  const epsilon = attributes.float('epsilon', 1e-5);
  const channels = x.shape[1]!;
  const [weight, bias, mean, variance] = [1, 2, 3, 4].map((index) => {
    const constant = constantAt(call, index, 'a statistic');
    return emit.weight(constant, '', () => ({ shape: [channels], data: float32(constant) }));
  });
  if (x.time === 1) throw unsupported(place, 'its channels are the axis of time; supported is another');
  const tensors = { weight: weight!, bias: bias!, running_mean: mean!, running_var: variance! };
  const body = {
    type: 'batchnorm',
    input: emit.use(x, place),
    tensors,
    layout: 'channels-first',
    epsilon,
  } as const;
  const source = emit.node(node.outputs[0]!, body, sizeOf(x.shape), place);
  return [streamLike(x, x.shape, new Elements([source]))];
};

/** Over all axes from `axis` on. The exported subgraph becomes one too, without scale and bias: see patterns.ts. */
const layerNormalization: Operator = (call) => {
  const { attributes, emit, place, node } = call;
  const x = streamAt(call, 0);
  const axis = axisOf(place, attributes.int('axis', -1), x.shape.length);
  const epsilon = attributes.float('epsilon', 1e-5);
  attributes.ignore('stash_type');
  const axes = x.shape.flatMap((_size, at) => (at >= axis ? [at] : []));
  const size = sizeOf(x.shape.slice(axis));
  const vector = (constant: Constant): string =>
    emit.weight(constant, `norm ${size}`, () => ({
      shape: [size],
      data: float32(broadcast(call, constant, x.shape.slice(axis), undefined)),
    }));
  const scale = optionalConstantAt(call, 1, 'its scale');
  const shift = optionalConstantAt(call, 2, 'its bias');
  const tensors = { ...(scale && { weight: vector(scale) }), ...(shift && { bias: vector(shift) }) };
  const normalized = alongAxes(call, x, axes, 'normalizes', (part) => {
    const body = { type: 'layernorm', input: emit.use(part, place), tensors, epsilon } as const;
    const source = emit.node(node.outputs[0]!, body, size, place);
    return streamLike(part, part.shape, new Elements([source]));
  });
  return [normalized];
};

export const norms: Readonly<Record<string, Operator>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
};
