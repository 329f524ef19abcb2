/** Products with constant matrices: dense nodes, or convolutions of kernel 1 where a frame has several positions. */
import { transposed } from '../../transposed.ts';
import { float32 } from '../emitter.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { type Constant, Elements, type Stream, sizeOf, streamLike, type Value } from '../value.ts';
import { combineValues } from './elementwise.ts';
import { mapConstants } from './fold.ts';
import { constantAt, valueAt } from './inputs.ts';

/** The last two axes of a constant matrix; those before them must be 1. */
function matrixOf({ place }: OperatorCall, constant: Constant): readonly [number, number] {
  const { shape } = constant;
  const [rows = 1, columns = 1] = shape.length === 1 ? [shape[0], 1] : shape.slice(-2);
  if (rows * columns === constant.data.length) return [rows, columns];
  throw unsupported(place, `its matrix has the shape [${shape.join(', ')}]; supported is one matrix for all`);
}

const matMul: Operator = (call) => {
  const [a, b] = [valueAt(call, 0), valueAt(call, 1)];
  if (a.kind === 'stream' && b.kind === 'stream')
    throw unsupported(
      call.place,
      'both its factors follow from the inputs; supported is one constant matrix',
    );
  if (a.kind === 'constant' && b.kind === 'constant') return [foldProduct(call, a, b)];
  if (b.kind === 'constant') return [byMatrix(call, a as Stream, b)];
  return [fromMatrix(call, a as Constant, b as Stream)];
};

/** x W, x: [… , inputs], W: [inputs, units]. */
function byMatrix(call: OperatorCall, x: Stream, matrix: Constant): Stream {
  const { emit, place, node } = call;
  const [inputs, units] = matrixOf(call, matrix);
  const rank = x.shape.length;
  if (x.shape[rank - 1] !== inputs || x.time === rank - 1)
    throw invalid(place, `a value of shape [${x.shape.join(', ')}] times a matrix [${inputs}, ${units}]`);
  const rows = sizeOf(x.shape) / inputs;
  const shape = matrix.shape.length === 1 ? x.shape.slice(0, -1) : x.shape.with(rank - 1, units);
  const make = () => transposed(float32(matrix), inputs, units);
  const input = emit.use(x, place);
  const name = node.outputs[0]!;
  if (rows === 1) {
    const weight = emit.matrix(matrix, [units, inputs], false);
    const source = emit.node(name, { type: 'dense', input, tensors: { weight } }, units, place);
    return streamLike(x, shape, new Elements([source]));
  }
  const weight = emit.weight(matrix, 'position', () => ({ shape: [units, inputs, 1], data: make() }));
  const body = { type: 'frame-convolution', input, tensors: { weight }, layout: 'channels-last' } as const;
  return streamLike(x, shape, new Elements([emit.node(name, body, rows * units, place)]));
}

/** W x, W: [units, inputs], x: [inputs, columns]. */
function fromMatrix(call: OperatorCall, matrix: Constant, x: Stream): Stream {
  const { emit, place, node } = call;
  const [units, inputs] = matrixOf(call, matrix);
  const axis = Math.max(0, x.shape.length - 2);
  if (x.shape[axis] !== inputs || x.time === axis || matrix.shape.length < 2)
    throw unsupported(
      place,
      `a matrix [${matrix.shape.join(', ')}] times a value [${x.shape.join(', ')}], which do not fit`,
    );
  const columns = sizeOf(x.shape) / inputs;
  const shape = x.shape.with(axis, units);
  const input = emit.use(x, place);
  const name = node.outputs[0]!;
  if (columns === 1) {
    const weight = emit.matrix(matrix, [units, inputs], true);
    const source = emit.node(name, { type: 'dense', input, tensors: { weight } }, units, place);
    return streamLike(x, shape, new Elements([source]));
  }
  if (axis > 0 && sizeOf(x.shape.slice(0, axis)) !== 1)
    throw unsupported(
      place,
      `a matrix times a value [${x.shape.join(', ')}]; supported is one matrix of values`,
    );
  const make = () => ({ shape: [units, inputs, 1], data: float32(matrix) });
  const tensors = { weight: emit.weight(matrix, 'matrix position', make) };
  const body = { type: 'frame-convolution', input, tensors, layout: 'channels-first' } as const;
  return streamLike(x, shape, new Elements([emit.node(name, body, columns * units, place)]));
}

function foldProduct(call: OperatorCall, a: Constant, b: Constant): Constant {
  const [rows, inner] = [sizeOf(a.shape) / a.shape.at(-1)!, a.shape.at(-1)!];
  const [height, columns] = matrixOf(call, b);
  if (height !== inner) throw invalid(call.place, `[${a.shape.join(', ')}] times [${b.shape.join(', ')}]`);
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a.data[row * inner + k]! * b.data[k * columns + column]!;
      data[row * columns + column] = sum;
    }
  }
  const shape = b.shape.length === 1 ? a.shape.slice(0, -1) : a.shape.with(-1, columns);
  return { ...a, type: 'float', shape, data, origins: new Set([...a.origins, ...b.origins]) };
}

/** alpha A B + beta C, A or its transpose a row. */
const gemm: Operator = (call) => {
  const { attributes, place } = call;
  const alpha = attributes.float('alpha', 1);
  const beta = attributes.float('beta', 1);
  const turned = attributes.int('transB', 0) !== 0;
  const a = valueAt(call, 0);
  if (a.kind === 'constant')
    throw unsupported(place, 'its A is a constant; supported is a value that follows from the inputs');
  if (attributes.int('transA', 0) !== 0)
    throw unsupported(place, 'its attribute transA is 1; supported is 0');
  const b = constantAt(call, 1, 'its B');
  const scaled = alpha === 1 ? b : mapConstants(call, [b], (x) => x * alpha);
  const product = turned ? byRows(call, a, scaled) : byMatrix(call, a, scaled);
  const c = call.inputs[2];
  if (c === undefined || beta === 0) return [product];
  const shift: Value = beta === 1 ? c : scaledBy(call, c, beta);
  return [combineValues(call, 'add', product, shift)];
};

function scaledBy(call: OperatorCall, value: Value, factor: number): Value {
  if (value.kind === 'constant') return mapConstants(call, [value], (x) => x * factor);
  throw unsupported(
    call.place,
    `its attribute beta is ${factor} and its C follows from the inputs; supported is 1`,
  );
}

/** x Wᵀ, W: [units, inputs]: the tensor as it is. */
function byRows(call: OperatorCall, x: Stream, matrix: Constant): Stream {
  const { emit, place, node } = call;
  const [units, inputs] = matrixOf(call, matrix);
  if (sizeOf(x.shape) !== inputs || x.shape.at(-1) !== inputs)
    throw unsupported(
      place,
      `its A has the shape [${x.shape.join(', ')}] at a timestep; supported is a row of ${inputs}`,
    );
  const weight = emit.matrix(matrix, [units, inputs], true);
  const input = emit.use(x, place);
  const source = emit.node(node.outputs[0]!, { type: 'dense', input, tensors: { weight } }, units, place);
  return streamLike(x, x.shape.with(-1, units), new Elements([source]));
}

export const products: Readonly<Record<string, Operator>> = { MatMul: matMul, Gemm: gemm };
