/** A definition's tensors in float64; an int8 matrix is its numbers times the scale of their row. */
import type { ModelDefinition, RecurrentTensors, Tensor } from '../../src/graph/definition.ts';
import type { Matrix } from './matrix.ts';
import type { RecurrentWeights } from './rnn.ts';

type Tensors = ModelDefinition['tensors'];

function tensorOf(tensors: Tensors, name: string): Tensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`the definition has no tensor ${name}`);
  return tensor;
}

export function matrixOf(tensors: Tensors, name: string): Matrix {
  const tensor = tensorOf(tensors, name);
  const [rows, columns] = tensor.shape;
  if (rows === undefined || columns === undefined || rows * columns !== tensor.data.length) {
    throw new Error(`tensor ${name} is no matrix: shape [${tensor.shape}], ${tensor.data.length} numbers`);
  }
  const data = Float64Array.from(tensor.data);
  if (tensor.dtype === 'F32') return { rows, columns, data };
  const scale = vectorOf(tensors, `${name}.scale`, rows);
  return { rows, columns, data: data.map((q, index) => q * scale[Math.floor(index / columns)]!) };
}

/** Zeros where there is no name: the bias of a layer without one. */
export function vectorOf(tensors: Tensors, name: string | undefined, length: number): Float64Array {
  if (name === undefined) return new Float64Array(length);
  const tensor = tensorOf(tensors, name);
  if (tensor.dtype !== 'F32' || tensor.data.length !== length) {
    throw new Error(`tensor ${name}: F32 [${length}] expected, ${tensor.dtype} [${tensor.shape}] came`);
  }
  return Float64Array.from(tensor.data);
}

export function recurrentWeightsOf(tensors: Tensors, names: RecurrentTensors): RecurrentWeights {
  const weight_ih = matrixOf(tensors, names.weight_ih);
  return {
    weight_ih,
    weight_hh: matrixOf(tensors, names.weight_hh),
    bias_ih: vectorOf(tensors, names.bias_ih, weight_ih.rows),
    bias_hh: vectorOf(tensors, names.bias_hh, weight_ih.rows),
  };
}
