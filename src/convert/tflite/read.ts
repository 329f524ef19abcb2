/** A TensorFlow Lite file, operator by operator, to a graph. */
import { RivuletError, show } from '../../errors.ts';
import type { GraphInput, GraphOutput } from '../../graph/definition.ts';
import { elementCount, formatShape } from '../../graph/tensor.ts';
import type { Conversion, SourceFile } from '../conversion.ts';
import { Context } from './context.ts';
import { invalid } from './flatbuffer.ts';
import { convertFullyConnected } from './fully-connected.ts';
import { convertLstm } from './lstm.ts';
import { convertActivation, convertQuantization, convertReshape, convertSoftmax } from './pointwise.ts';
import { operatorName, readModel, type TfliteOperator, type TfliteTensor } from './schema.ts';
import { convertStridedSlice } from './strided-slice.ts';
import { unsupported } from './weights.ts';

/** By number of the operator in the schema. */
const OPERATORS: Readonly<Record<number, (operator: TfliteOperator, context: Context) => void>> = {
  6: convertQuantization,
  9: convertFullyConnected,
  14: convertActivation('sigmoid'),
  19: convertActivation('relu'),
  22: convertReshape,
  25: convertSoftmax,
  28: convertActivation('tanh'),
  44: convertLstm,
  45: convertStridedSlice,
  114: convertQuantization,
};

/** Every weight may be taken a few times (tied ones), not without end. */
const WEIGHTS_PER_FILE = 4;

/** @throws RivuletError `invalid-file`, `unsupported-operator`, `wrong-shape` */
export function readTflite({ bytes }: SourceFile): Conversion {
  const model = readModel(bytes);
  const context = new Context(model, WEIGHTS_PER_FILE * bytes.length);
  const inputs = model.inputs.map((index, n) => readInput(index, n, context));
  for (const operator of model.operators) {
    const convert = OPERATORS[operator.code];
    if (convert === undefined) {
      const known = Object.keys(OPERATORS).map((code) => operatorName(Number(code)));
      throw unsupported(operator.place, `this operator is not supported; ${known.join(', ')} are`);
    }
    convert(operator, context);
  }
  const outputs = model.outputs.map((index, n) => readOutput(index, n, context));
  const constants = model.tensors.filter(isParameter);
  const used = constants.filter(({ index }) => context.used.has(index));
  return {
    definition: { graph: { inputs, outputs, nodes: context.nodes }, tensors: context.tensors },
    report: {
      format: 'tflite',
      nodes: context.lines,
      folded: context.folded,
      parametersFound: countElements(constants),
      parametersUsed: countElements(used),
      unused: constants.filter((tensor) => !used.includes(tensor)).map(({ name }) => name),
      notes: context.notes,
    },
  };
}

/** Constants that are weights: integers without a scale are shapes. */
function isParameter({ data, type, quantization }: TfliteTensor): boolean {
  return data !== undefined && (type.startsWith('FLOAT') || quantization !== undefined);
}

function countElements(tensors: readonly TfliteTensor[]): number {
  return tensors.reduce((sum, { shape }) => sum + (elementCount(shape) ?? 0), 0);
}

function readInput(index: number, n: number, context: Context): GraphInput {
  const tensor = context.model.tensors[index]!;
  const { shape } = tensor;
  const size = shape.at(-1) ?? 0;
  const count = elementCount(shape);
  if (!hasReals(tensor) || size === 0 || !count) {
    throw new RivuletError(
      'unsupported-operator',
      `tflite: input ${n} ${show(tensor.name)} is ${tensor.type} ${formatShape(shape)}; ` +
        'FLOAT32, INT8 and INT16 with scales, of at least one value, are supported',
    );
  }
  const name = context.name(nameOf(tensor, 'input', context.model.inputs.length));
  noteQuantization(tensor, `input ${show(name)}`, context);
  context.set(index, { name, rows: count / size, size });
  return { name, kind: 'features', size };
}

function readOutput(index: number, n: number, context: Context): GraphOutput {
  const value = context.get(index);
  const tensor = context.model.tensors[index]!;
  if (value === undefined) throw invalid(`output ${n} ${show(tensor.name)} is given by no operator`);
  if (value.flat)
    throw unsupported(
      `output ${n}`,
      `${show(tensor.name)} is all timesteps as one vector; one by one they are supported`,
    );
  const name = nameOf(tensor, 'output', context.model.outputs.length);
  noteQuantization(tensor, `output ${show(name)}`, context);
  if (value.rows > 1) context.notes.push(`output ${show(name)}: a value each of ${value.rows} timesteps`);
  return { name, from: value.name };
}

function hasReals({ type, quantization }: TfliteTensor): boolean {
  return type === 'FLOAT32' || ((type === 'INT8' || type === 'INT16') && quantization !== undefined);
}

/** `input` of one, else the file's names without what exporters put around them. */
function nameOf({ name, index }: TfliteTensor, single: string, count: number): string {
  if (count === 1) return single;
  return name.replace(/^serving_default_/, '').replace(/:0$/, '') || `${single}_${index}`;
}

function noteQuantization({ type, quantization }: TfliteTensor, what: string, context: Context): void {
  if (type === 'FLOAT32' || quantization === undefined) return;
  const { scales, zeroPoints } = quantization;
  context.notes.push(
    `${what} is ${type} in the file: the real value, (q - ${zeroPoints[0] ?? 0}) * ${scales[0]}, is what a session has`,
  );
}
