/** SOFTMAX and activations, RESHAPE, QUANTIZE and DEQUANTIZE. */
import type { ActivationName } from '../../graph/definition.ts';
import { elementCount, formatShape } from '../../graph/tensor.ts';
import type { Context } from './context.ts';
import { invalid } from './flatbuffer.ts';
import type { TfliteOperator } from './schema.ts';
import { unsupported } from './weights.ts';

export function convertSoftmax(operator: TfliteOperator, context: Context): void {
  const beta = operator.options?.float32(0) ?? 0;
  if (beta !== 1) throw unsupported(operator.place, `beta ${beta} is not supported; 1 is`);
  convertActivation('softmax')(operator, context);
}

export function convertActivation(activation: ActivationName) {
  return (operator: TfliteOperator, context: Context): void => {
    const x = activation === 'softmax' ? context.vectors(operator) : context.value(operator);
    const name = context.name(activation);
    context.add({ name, type: 'activation', input: x.name, activation }, operator.place);
    context.give(operator, { ...x, name });
  };
}

/** Timesteps put one behind the other stay what they are: what reads them sees that they are several. */
export function convertReshape(operator: TfliteOperator, context: Context): void {
  const x = context.value(operator);
  const { shape } = context.model.tensors[operator.outputs[0] ?? -1] ?? {};
  if (shape === undefined) throw invalid(`${operator.place} has no output`);
  const last = shape.at(-1);
  const whole = elementCount(shape) === x.rows * x.size;
  if (!whole || (last !== x.size && last !== x.rows * x.size)) {
    throw unsupported(
      operator.place,
      `${x.rows} × ${x.size} values to ${formatShape(shape)} is not supported; ` +
        'to vectors of the same size, or to one vector of all timesteps, is',
    );
  }
  const flat = last !== x.size;
  context.give(operator, { ...x, flat });
  if (flat) context.folded.push(`${operator.place}: ${x.rows} timesteps as one vector`);
}

/** The value itself: a session takes and gives real values. A constant keeps its integers and scales. */
export function convertQuantization(operator: TfliteOperator, context: Context): void {
  const constant = context.model.tensors[operator.inputs[0] ?? -1];
  if (constant?.data !== undefined) {
    context.alias(operator, constant);
    return;
  }
  context.give(operator, context.value(operator));
  context.folded.push(`${operator.place}: values stay real ones`);
}
