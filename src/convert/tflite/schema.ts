/** The fields of TensorFlow Lite's schema (version 3) that are needed, out of its tables. */
import { Flatbuffer, invalid, type Table } from './flatbuffer.ts';

export const TENSOR_TYPES = [
  'FLOAT32',
  'FLOAT16',
  'INT32',
  'UINT8',
  'INT64',
  'STRING',
  'BOOL',
  'INT16',
  'COMPLEX64',
  'INT8',
] as const;
export type TensorType = (typeof TENSOR_TYPES)[number];

/** q stands for scale * (q - zeroPoint), of one scale, or of one for each index of `axis`. */
export interface Quantization {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly bigint[];
  readonly axis: number;
}

export interface TfliteTensor {
  readonly index: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TensorType;
  readonly quantization: Quantization | undefined;
  /** Of a constant, little endian: a view of the file. */
  readonly data: Uint8Array | undefined;
}

export interface TfliteOperator {
  /** `operator 3 FULLY_CONNECTED`, as messages name it. */
  readonly place: string;
  /** The number in the schema's BuiltinOperator. */
  readonly code: number;
  /** Indices of tensors; -1 where an optional one is absent. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Table | undefined;
}

export interface TfliteModel {
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** In the order in which they run. */
  readonly operators: readonly TfliteOperator[];
}

const VERSION = 3;

/** Names of the operators that stand beside recurrent layers most often; others are shown as numbers. */
const OPERATOR_NAMES: Readonly<Record<number, string>> = {
  0: 'ADD',
  2: 'CONCATENATION',
  3: 'CONV_2D',
  6: 'DEQUANTIZE',
  7: 'EMBEDDING_LOOKUP',
  9: 'FULLY_CONNECTED',
  14: 'LOGISTIC',
  16: 'LSTM',
  18: 'MUL',
  19: 'RELU',
  22: 'RESHAPE',
  24: 'RNN',
  25: 'SOFTMAX',
  28: 'TANH',
  32: 'CUSTOM',
  35: 'UNIDIRECTIONAL_SEQUENCE_RNN',
  36: 'GATHER',
  39: 'TRANSPOSE',
  41: 'SUB',
  44: 'UNIDIRECTIONAL_SEQUENCE_LSTM',
  45: 'STRIDED_SLICE',
  49: 'SPLIT',
  52: 'BIDIRECTIONAL_SEQUENCE_LSTM',
  83: 'PACK',
  88: 'UNPACK',
  114: 'QUANTIZE',
  119: 'WHILE',
};

/** @throws RivuletError `invalid-file` */
export function readModel(bytes: Uint8Array): TfliteModel {
  const root = new Flatbuffer(bytes).root();
  const version = root.uint32(0);
  if (version !== VERSION) throw invalid(`the schema has version ${version}; ${VERSION} is supported`);
  const codes = root.tables(1).map(readCode);
  const subgraphs = root.tables(2);
  const [graph] = subgraphs;
  if (graph === undefined || subgraphs.length > 1)
    throw invalid(`it has ${subgraphs.length} subgraphs; 1 is supported`);
  const buffers = root.tables(4);
  const tensors = graph.tables(0).map((table, index) => readTensor(table, index, buffers));
  const checked = (indices: readonly number[], what: string, optional: boolean) => {
    const wrong = indices.find((index) => !(index in tensors) && !(optional && index === -1));
    if (wrong === undefined) return indices;
    throw invalid(`${what} names tensor ${wrong} of ${tensors.length}`);
  };
  return {
    tensors,
    inputs: checked(graph.int32s(1), 'the graph', false),
    outputs: checked(graph.int32s(2), 'the graph', false),
    operators: graph.tables(3).map((table, index) => {
      const code = codes[table.uint32(0)];
      if (code === undefined) throw invalid(`operator ${index} has a code that the file does not list`);
      const place = `operator ${index} ${operatorName(code)}`;
      return {
        place,
        code,
        inputs: checked(table.int32s(1), place, true),
        outputs: checked(table.int32s(2), place, false),
        options: table.table(4),
      };
    }),
  };
}

export function operatorName(code: number): string {
  return OPERATOR_NAMES[code] ?? `number ${code}`;
}

/** Files of before 2020 have the number in a byte. */
function readCode(table: Table): number {
  return Math.max(table.int8(0), table.int32(3));
}

function readTensor(table: Table, index: number, buffers: readonly Table[]): TfliteTensor {
  const name = table.string(3);
  const place = `tensor ${index} ${JSON.stringify(name.slice(0, 40))}`;
  const type = TENSOR_TYPES[table.int8(1)];
  if (type === undefined) throw invalid(`${place} has a type that is not known: ${table.int8(1)}`);
  if (table.has(6)) throw invalid(`${place} is sparse; dense ones are supported`);
  const shape = table.int32s(0);
  if (shape.some((size) => size < 0)) throw invalid(`${place} has a negative size`);
  const number = table.uint32(2);
  const buffer = buffers[number];
  if (buffer === undefined) throw invalid(`${place} is in buffer ${number} of ${buffers.length}`);
  if (buffer.has(1)) throw invalid(`${place} is stored behind the flatbuffer; weights within are supported`);
  const data = buffer.uint8s(0);
  return {
    index,
    name,
    shape,
    type,
    quantization: readQuantization(table.table(4), place),
    data: data.length > 0 ? data : undefined,
  };
}

function readQuantization(table: Table | undefined, place: string): Quantization | undefined {
  if (table === undefined) return undefined;
  if (table.uint8(4) !== 0) throw invalid(`${place} has a custom quantization; scales are supported`);
  const scales = table.float32s(2);
  if (scales.length === 0) return undefined;
  const zeroPoints = table.int64s(3);
  if (zeroPoints.length > 0 && zeroPoints.length !== scales.length)
    throw invalid(`${place} has ${scales.length} scales, but ${zeroPoints.length} zero points`);
  if (scales.some((scale) => !(scale >= 0 && scale < Infinity)))
    throw invalid(`${place} has a scale that is negative or not finite`);
  return { scales, zeroPoints, axis: table.int32(6) };
}
