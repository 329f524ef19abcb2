/** A definition's tensors in float64; an int8 matrix is its numbers times the scale of their row. */
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { leaf, type Value } from './autodiff.ts';

type Tensors = ModelDefinition['tensors'];

/** By name; the scales of int8 tensors are among them. */
export function parametersOf(tensors: Tensors): Map<string, Value> {
  return new Map(
    [...tensors].map(([name, tensor]) => [name, leaf(numbersOf(tensors, name, tensor), tensor.shape)]),
  );
}

function numbersOf(tensors: Tensors, name: string, { dtype, shape, data }: Tensor): Float64Array {
  if (data.length !== shape.reduce((product, size) => product * size, 1))
    throw new Error(`tensor ${name}: shape [${shape}], ${data.length} numbers`);
  const numbers = Float64Array.from(data);
  if (dtype === 'F32') return numbers;
  const scales = tensors.get(`${name}.scale`);
  if (scales?.data.length !== shape[0]) throw new Error(`tensor ${name} has no scale of each row`);
  const columns = data.length / shape[0]!;
  return numbers.map((value, n) => value * scales!.data[Math.floor(n / columns)]!);
}
