/** Constants of the file as tensors of ours: float32, or int8 with a scale for each row. */
import { RivuletError, show } from '../../errors.ts';
import { expandFloat16 } from '../../formats/safetensors.ts';
import type { Tensor } from '../../graph/definition.ts';
import { elementCount, formatShape } from '../../graph/tensor.ts';
import { invalid } from './flatbuffer.ts';
import type { TfliteTensor } from './schema.ts';

/** A matrix with its scales, one a row, where it is int8. */
export type Matrix =
  | { readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dtype: 'I8'; readonly data: Int8Array; readonly scales: Float32Array };

const BYTES = { FLOAT32: 4, FLOAT16: 2, INT8: 1, INT16: 2, INT32: 4 } as const;

/** @throws RivuletError `wrong-shape`, `unsupported-operator` (another type, a zero point), `invalid-file` */
export function readMatrix(
  tensor: TfliteTensor,
  place: string,
  [rows, columns]: readonly [number, number],
): Matrix {
  checkShape(tensor, place, [rows, columns]);
  if (tensor.type !== 'INT8') return { dtype: 'F32', data: readFloats(tensor, place) };
  const bytes = bytesOf(tensor, place);
  const { scales, axis } = symmetric(tensor, place);
  if (scales.length !== 1 && (scales.length !== rows || axis !== 0)) {
    throw unsupported(
      place,
      `tensor ${show(tensor.name)} has ${scales.length} scales along axis ${axis}; one, or one a row is supported`,
    );
  }
  return {
    dtype: 'I8',
    data: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    scales: Float32Array.from({ length: rows }, (_, row) => scales[scales.length === 1 ? 0 : row]!),
  };
}

/** A bias or another vector, in float32: an integer one times its scale. */
export function readVector(tensor: TfliteTensor, place: string, length: number): Float32Array {
  checkShape(tensor, place, [length]);
  if (tensor.type !== 'INT32' && tensor.type !== 'INT16') return readFloats(tensor, place);
  const { scales } = symmetric(tensor, place);
  if (scales.length !== 1 && scales.length !== length)
    throw unsupported(place, `tensor ${show(tensor.name)} has ${scales.length} scales for ${length} values`);
  const scaleOf = (index: number) => scales[scales.length === 1 ? 0 : index]!;
  const view = viewOf(bytesOf(tensor, place));
  const read = (index: number) =>
    tensor.type === 'INT32' ? view.getInt32(4 * index, true) : view.getInt16(2 * index, true);
  return Float32Array.from({ length }, (_, index) => read(index) * scaleOf(index));
}

/** The tensors of a model that hold a matrix. */
export function matrixTensors(name: string, shape: readonly number[], matrix: Matrix): [string, Tensor][] {
  if (matrix.dtype === 'F32') return [[name, { dtype: 'F32', shape, data: matrix.data }]];
  const { data, scales } = matrix;
  return [
    [name, { dtype: 'I8', shape, data }],
    [`${name}.scale`, { dtype: 'F32', shape: [scales.length], data: scales }],
  ];
}

/** Matrices of one width and one type under each other. */
export function stack(matrices: readonly Matrix[], place: string): Matrix {
  if (matrices.every((matrix) => matrix.dtype === 'F32'))
    return {
      dtype: 'F32',
      data: concat(
        Float32Array,
        matrices.map(({ data }) => data),
      ),
    };
  if (matrices.every((matrix) => matrix.dtype === 'I8')) {
    return {
      dtype: 'I8',
      data: concat(
        Int8Array,
        matrices.map(({ data }) => data),
      ),
      scales: concat(
        Float32Array,
        matrices.map(({ scales }) => scales),
      ),
    };
  }
  throw unsupported(place, 'some of its gates are int8 and others float32; one type for all is supported');
}

export function concat<A extends Float32Array | Int8Array>(
  type: new (length: number) => A,
  parts: readonly A[],
): A {
  const whole = new type(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function unsupported(place: string, message: string): RivuletError {
  return new RivuletError('unsupported-operator', `tflite: ${place}: ${message}`);
}

function readFloats(tensor: TfliteTensor, place: string): Float32Array {
  const bytes = bytesOf(tensor, place);
  if (tensor.type === 'FLOAT32') {
    if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return new Float32Array(new Uint8Array(bytes).buffer);
  }
  if (tensor.type === 'FLOAT16') {
    const view = viewOf(bytes);
    return Float32Array.from({ length: bytes.length / 2 }, (_, n) =>
      expandFloat16(view.getUint16(2 * n, true)),
    );
  }
  throw unsupported(
    place,
    `tensor ${show(tensor.name)} is ${tensor.type}; weights in FLOAT32, FLOAT16 and INT8 are supported`,
  );
}

function checkShape({ name, shape }: TfliteTensor, place: string, expected: readonly number[]): void {
  if (shape.length === expected.length && shape.every((size, axis) => size === expected[axis])) return;
  throw new RivuletError(
    'wrong-shape',
    `tflite: ${place}: tensor ${show(name)}: expected ${formatShape(expected)}, got ${formatShape(shape)}`,
  );
}

function bytesOf({ name, shape, type, data }: TfliteTensor, place: string): Uint8Array {
  if (data === undefined)
    throw unsupported(place, `tensor ${show(name)} is computed; only constants can be weights`);
  const bytes = BYTES[type as keyof typeof BYTES] as number | undefined;
  if (bytes === undefined)
    throw unsupported(place, `tensor ${show(name)} is ${type}, which is no type of weights`);
  if (elementCount(shape) === data.length / bytes) return data;
  throw invalid(`tensor ${show(name)} ${formatShape(shape)} of ${type} has ${data.length} bytes`);
}

/** @throws RivuletError `unsupported-operator` where 0 does not stand for 0 */
function symmetric({ name, quantization }: TfliteTensor, place: string) {
  if (quantization === undefined)
    throw invalid(`${place}: tensor ${show(name)} is of integers without scales`);
  if (quantization.zeroPoints.every((zero) => zero === 0n)) return quantization;
  throw unsupported(
    place,
    `tensor ${show(name)} has zero points that are not 0; symmetric weights are supported`,
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
