import {
  add,
  concat,
  convolution,
  dense,
  gru,
  input,
  type ModelDefinition,
  model,
  type Runtime,
  slice,
  type Vector,
} from '../../../src/index.ts';
import type { Recipe } from './recipe.ts';

const DAY = 24;

/** The layers that learn; the differences stay what they are. */
export function trainableOf({ reach }: Recipe): readonly string[] {
  return reach > 0 ? ['gru', 'head', 'linear'] : ['gru', 'head'];
}

/**
 * Hour by hour the temperature, and out of it that of the next hours: the last one repeated, plus what a GRU adds, plus a
 * linear part that sees the last `reach` hours, as in LSTNet (Lai et al. 2018). Both read differences, to the hour before
 * and to the same hour yesterday: the level of a season that the training part did not have tells them nothing. The linear
 * part is a causal convolution, so that the whole streams. It begins as the repetition of the last value.
 */
export function makeNetwork({ horizon, hidden, reach, seed }: Recipe, runtime: Runtime): ModelDefinition {
  const x = input('temperature', 1);
  const last = concat(Array<Vector>(horizon).fill(x), { name: 'last' });
  const differences = convolution(2, DAY + 1, { name: 'differences', bias: false })(x);
  const change = dense(horizon, { name: 'head' })(gru(hidden, { name: 'gru' })(differences));
  const hourly = slice(0, 1, { name: 'hourly' })(differences);
  const linear = reach > 0 ? [convolution(horizon, reach, { name: 'linear' })(hourly)] : [];
  const forecast = add([last, change, ...linear], { name: 'sum' });
  const definition = model({ inputs: [x], outputs: { forecast }, runtime, seed });
  const tensors = new Map(definition.tensors);
  const replace = (name: string, data: Float32Array) =>
    tensors.set(name, { dtype: 'F32', shape: tensors.get(name)!.shape, data });
  replace('differences.weight', differenceWeights());
  for (const name of ['head.weight', 'linear.weight']) {
    if (tensors.has(name)) replace(name, new Float32Array(tensors.get(name)!.data.length));
  }
  return { ...definition, tensors };
}

/** [2, 1, DAY + 1], the present hour last: x(t) - x(t - 1) and x(t) - x(t - DAY). */
function differenceWeights(): Float32Array {
  const weights = new Float32Array(2 * (DAY + 1));
  weights[DAY - 1] = -1;
  weights[DAY] = 1;
  weights[DAY + 1] = -1;
  weights[2 * DAY + 1] = 1;
  return weights;
}
