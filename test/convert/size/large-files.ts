import { PbfWriter } from 'pbf';
import type { SourceFile } from '../../../src/convert/conversion.ts';
import { serializeSafetensors } from '../../../src/formats/safetensors.ts';

/** Files of 10 MB: an LSTM of 64 inputs and 768 units, and zeros behind what it needs. */

const INPUTS = 64;
const HIDDEN = 768;

function weights(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 1000 - 0.05);
}

export function largeSafetensors(): SourceFile {
  const tensor = (...shape: number[]) => {
    return { dtype: 'F32' as const, shape, data: weights(shape.reduce((a, b) => a * b, 1)) };
  };
  const tensors = new Map([
    ['weight_ih_l0', tensor(4 * HIDDEN, INPUTS)],
    ['weight_hh_l0', tensor(4 * HIDDEN, HIDDEN)],
    ['bias_ih_l0', tensor(4 * HIDDEN)],
    ['bias_hh_l0', tensor(4 * HIDDEN)],
  ]);
  return { name: 'large.safetensors', bytes: serializeSafetensors(tensors, {}) };
}

const FLOAT = 1;

/** The numbers are those of the fields in onnx.proto. */
export function largeOnnx(): SourceFile {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 8);
  pbf.writeMessage(7, writeGraph, undefined);
  pbf.writeMessage(
    8,
    (_, opset) => {
      opset.writeStringField(1, '');
      opset.writeVarintField(2, 17);
    },
    undefined,
  );
  return { name: 'large.onnx', bytes: pbf.finish().slice() };
}

function writeGraph(_: unknown, graph: PbfWriter): void {
  graph.writeMessage(1, writeLstm, undefined);
  graph.writeStringField(2, 'graph');
  graph.writeMessage(5, writeTensor, { name: 'W', dims: [1, 4 * HIDDEN, INPUTS] });
  graph.writeMessage(5, writeTensor, { name: 'R', dims: [1, 4 * HIDDEN, HIDDEN] });
  graph.writeMessage(5, writeTensor, { name: 'B', dims: [1, 8 * HIDDEN] });
  graph.writeMessage(11, writeValue, { name: 'x', dims: ['timesteps', 1, INPUTS] });
  graph.writeMessage(12, writeValue, { name: 'y', dims: ['timesteps', 1, 1, HIDDEN] });
}

function writeLstm(_: unknown, node: PbfWriter): void {
  for (const input of ['x', 'W', 'R', 'B']) node.writeStringField(1, input);
  node.writeStringField(2, 'y');
  node.writeStringField(3, 'lstm');
  node.writeStringField(4, 'LSTM');
  node.writeMessage(
    5,
    (_, attribute) => {
      attribute.writeStringField(1, 'hidden_size');
      attribute.writeVarintField(3, HIDDEN);
      attribute.writeVarintField(20, 2);
    },
    undefined,
  );
}

interface Value {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

function writeTensor({ name, dims }: { name: string; dims: readonly number[] }, tensor: PbfWriter): void {
  tensor.writePackedVarint(1, [...dims]);
  tensor.writeVarintField(2, FLOAT);
  tensor.writeStringField(8, name);
  tensor.writeBytesField(9, new Uint8Array(weights(dims.reduce((a, b) => a * b, 1)).buffer));
}

function writeValue({ name, dims }: Value, value: PbfWriter): void {
  value.writeStringField(1, name);
  value.writeMessage(2, (_, type) => type.writeMessage(1, writeTensorType, dims), undefined);
}

function writeTensorType(dims: readonly (number | string)[], type: PbfWriter): void {
  type.writeVarintField(1, FLOAT);
  type.writeMessage(
    2,
    (all: readonly (number | string)[], shape) => {
      for (const dim of all) shape.writeMessage(1, writeDimension, dim);
    },
    dims,
  );
}

function writeDimension(dim: number | string, pbf: PbfWriter): void {
  if (typeof dim === 'number') pbf.writeVarintField(1, dim);
  else pbf.writeStringField(2, dim);
}
