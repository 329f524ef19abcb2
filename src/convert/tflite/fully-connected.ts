/**
 * FULLY_CONNECTED. Where it reads all T timesteps as one vector [T, size], it becomes a causal convolution over T timesteps
 * with the same numbers: its value at the T-th timestep of a sequence is that of the file.
 */
import type { Activation } from '../../graph/definition.ts';
import type { Context } from './context.ts';
import { invalid } from './flatbuffer.ts';
import type { TfliteOperator } from './schema.ts';
import { type Matrix, matrixTensors, readMatrix, readVector, unsupported } from './weights.ts';

const INPUT = { x: 0, weight: 1, bias: 2 };

/** By number; 0 is none. */
const ACTIVATIONS: Readonly<Record<number, Activation>> = {
  1: 'relu',
  2: { type: 'clip', low: -1, high: 1 },
  3: { type: 'clip', low: 0, high: 6 },
  4: 'tanh',
};

export function convertFullyConnected(operator: TfliteOperator, context: Context): void {
  const { place, options } = operator;
  const x = context.value(operator);
  const weight = context.tensor(operator, INPUT.weight);
  const [units = 0, columns = 0] = weight?.shape ?? [];
  if (weight === undefined || units === 0 || columns === 0) throw invalid(`${place} has no weights`);
  if ((options?.int8(1) ?? 0) !== 0)
    throw unsupported(place, `weights_format ${options?.int8(1)} is not supported; DEFAULT is`);
  const number = options?.int8(0) ?? 0;
  const activation = ACTIVATIONS[number];
  if (number !== 0 && activation === undefined)
    throw unsupported(
      place,
      `fused_activation_function ${number} is not supported; NONE, RELU, RELU6 and TANH are`,
    );
  const overTime = x.flat === true || columns !== x.size;
  if (overTime && columns !== x.rows * x.size) {
    throw unsupported(
      place,
      `its weights read ${columns} values, but it gets ${x.rows} × ${x.size}; one timestep or all of them is supported`,
    );
  }
  const matrix = readMatrix(weight, place, [units, columns]);
  const name = context.name('dense');
  const tensors = { weight: `${name}.weight`, bias: `${name}.bias` };
  const shape = overTime ? [units, x.size, x.rows] : [units, columns];
  const values = overTime ? channelsFirst(matrix, units, x.rows, x.size) : matrix;
  for (const [key, tensor] of matrixTensors(tensors.weight, shape, values)) context.tensors.set(key, tensor);
  const bias = context.tensor(operator, INPUT.bias);
  if (bias)
    context.tensors.set(tensors.bias, { dtype: 'F32', shape: [units], data: readVector(bias, place, units) });
  context.add(
    {
      name,
      type: overTime ? 'convolution' : 'dense',
      input: x.name,
      tensors: bias ? tensors : { weight: tensors.weight },
      ...(activation !== undefined && { activation }),
    },
    overTime
      ? `${place} of ${x.rows} timesteps, as a convolution over them: ${x.size} → ${units}`
      : `${place}, ${columns} → ${units}`,
  );
  if (overTime) {
    context.notes.push(
      `${name}: its value at timestep ${x.rows} of a sequence is that of the file; reset the session before each`,
    );
  }
  context.give(operator, { name, rows: overTime ? 1 : x.rows, size: units });
}

/** [units][timesteps][size] to [units][size][timesteps]. */
function channelsFirst(matrix: Matrix, units: number, timesteps: number, size: number): Matrix {
  const { data } = matrix;
  const turned = data.slice() as typeof data;
  for (let unit = 0, at = 0; unit < units; unit++)
    for (let t = 0; t < timesteps; t++)
      for (let n = 0; n < size; n++) turned[(unit * size + n) * timesteps + t] = data[at++]!;
  return { ...matrix, data: turned } as Matrix;
}
