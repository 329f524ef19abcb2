/**
 * UNIDIRECTIONAL_SEQUENCE_LSTM. Its gates have matrices of their own, in the order i, f, g, o; without those of i it is
 * coupled (CIFG, i = 1 - f). float32, int8 weights beside float32 values, and full integer: the file's integers and
 * scales become ours, one scale a row, and biases float32. What a full-integer cell rounds on its way (gates and cell
 * state in int16, h in int8) is not rounded here; that c saturates at its int16 range is kept, as a clip.
 */
import { show } from '../../errors.ts';
import type { GateActivation, LstmTensors } from '../../graph/definition.ts';
import type { Context } from './context.ts';
import { invalid } from './flatbuffer.ts';
import type { TfliteOperator, TfliteTensor } from './schema.ts';
import { concat, type Matrix, matrixTensors, readMatrix, readVector, stack, unsupported } from './weights.ts';

/** Numbers of its inputs; those of the gates stand in the order i, f, g, o. */
const INPUT = {
  x: 0,
  w: 1,
  u: 5,
  peephole: 9,
  bias: 12,
  projection: 16,
  projectionBias: 17,
  h: 18,
  c: 19,
  norm: 20,
};

const NONE = 0;
/** By number of the fused activation: of g, and of c on its way into h. */
const ACTIVATIONS: Readonly<Record<number, GateActivation>> = {
  [NONE]: 'identity',
  1: 'relu',
  2: { type: 'clip', low: -1, high: 1 },
  3: { type: 'clip', low: 0, high: 6 },
  4: 'tanh',
};

export function convertLstm(operator: TfliteOperator, context: Context): void {
  const { place, options } = operator;
  const x = context.vectors(operator);
  checkBatch(operator, context, options?.boolean(3) ?? false);
  refuseParts(operator, context);
  context.state(operator, INPUT.h, 'the output state');
  context.state(operator, INPUT.c, 'the cell state');
  const gates = new Gates(operator, context);
  const name = context.name('lstm');
  const { tensors, h } = gates.read(name, x.size);
  const activation = ACTIVATIONS[options?.int8(0) ?? NONE];
  if (activation === undefined)
    throw unsupported(
      place,
      `fused_activation_function ${options?.int8(0)} is not supported; NONE, RELU, RELU6 and TANH are`,
    );
  const cellClip = clipOf(
    options?.float32(1) ?? 0,
    context.model.tensors[operator.inputs[INPUT.c]!]!,
    name,
    context,
  );
  context.add(
    {
      name,
      type: 'lstm',
      input: x.name,
      tensors,
      ...(activation !== 'tanh' && { candidateActivation: activation, outputActivation: activation }),
      ...(gates.coupled && { coupled: true }),
      ...(cellClip !== undefined && { cellClip }),
    },
    `${place}, ${x.size} → ${h}, ${gates.weights}${gates.coupled ? ', CIFG' : ''}`,
  );
  context.give(operator, { name, rows: x.rows, size: h });
}

class Gates {
  readonly coupled: boolean;
  weights = '';
  readonly #operator: TfliteOperator;
  readonly #context: Context;
  /** The gates that it has: 0 to 3, without 0 where coupled. */
  readonly #which: readonly number[];

  constructor(operator: TfliteOperator, context: Context) {
    this.#operator = operator;
    this.#context = context;
    const ofI = [INPUT.w, INPUT.u, INPUT.bias].filter((n) => (operator.inputs[n] ?? -1) !== -1);
    if (ofI.length === 1 || ofI.length === 2)
      throw invalid(`${operator.place}: the input gate has some of its tensors, expected all or none`);
    this.coupled = ofI.length === 0;
    this.#which = this.coupled ? [1, 2, 3] : [0, 1, 2, 3];
  }

  read(name: string, inputs: number): { readonly tensors: LstmTensors; readonly h: number } {
    const { place } = this.#operator;
    const [hidden, h] = this.#shape(INPUT.u + 3);
    const tensors: { -readonly [R in keyof LstmTensors]: LstmTensors[R] } = {
      weight_ih: `${name}.weight_ih`,
      weight_hh: `${name}.weight_hh`,
      bias_ih: `${name}.bias`,
    };
    const rows = this.#which.length * hidden;
    const w = stack(this.#matrices(INPUT.w, [hidden, inputs]), place);
    this.weights = w.dtype === 'I8' ? 'int8' : 'float32';
    this.#add(tensors.weight_ih, [rows, inputs], w);
    this.#add(tensors.weight_hh, [rows, h], stack(this.#matrices(INPUT.u, [hidden, h]), place));
    const bias = this.#which.map((gate) => readVector(this.#needed(INPUT.bias + gate), place, hidden));
    this.#vector(tensors.bias_ih!, concat(Float32Array, bias));
    const peephole = this.#peephole(hidden);
    if (peephole) {
      tensors.peephole = `${name}.peephole`;
      this.#vector(tensors.peephole, peephole);
    }
    const projection = this.#context.tensor(this.#operator, INPUT.projection);
    if (projection) {
      tensors.weight_hr = `${name}.weight_hr`;
      this.#add(tensors.weight_hr, [h, hidden], readMatrix(projection, place, [h, hidden]));
    } else if (h !== hidden) {
      throw invalid(`${place}: h has ${h} values and c ${hidden}, but there is no projection`);
    }
    return { tensors, h };
  }

  #matrices(first: number, shape: readonly [number, number]): readonly Matrix[] {
    return this.#which.map((gate) => readMatrix(this.#needed(first + gate), this.#operator.place, shape));
  }

  /** [3*hidden] of i, f, o; zeros of i, which nothing reads, where the gates are coupled. */
  #peephole(hidden: number): Float32Array | undefined {
    const tensors = [0, 1, 2].map((n) => this.#context.tensor(this.#operator, INPUT.peephole + n));
    if (tensors.every((tensor) => tensor === undefined)) return undefined;
    const parts = tensors.map((tensor, n) => {
      if (tensor !== undefined) return this.#scaled(tensor, hidden);
      if (n === 0 && this.coupled) return new Float32Array(hidden);
      throw invalid(`${this.#operator.place}: it has peepholes of some gates, expected all or none`);
    });
    return concat(Float32Array, parts);
  }

  #scaled(tensor: TfliteTensor, length: number): Float32Array {
    return readVector(tensor, this.#operator.place, length);
  }

  #needed(n: number): TfliteTensor {
    const tensor = this.#context.tensor(this.#operator, n);
    if (tensor) return tensor;
    throw invalid(`${this.#operator.place} has no input ${n}, which it needs`);
  }

  #shape(n: number): readonly [rows: number, columns: number] {
    const { shape, name } = this.#context.model.tensors[this.#operator.inputs[n] ?? -1] ?? {
      shape: [],
      name: '',
    };
    const [rows = 0, columns = 0] = shape;
    if (shape.length === 2 && rows > 0 && columns > 0) return [rows, columns];
    throw invalid(`${this.#operator.place}: input ${n} ${show(name)} must be a matrix`);
  }

  #add(name: string, shape: readonly number[], matrix: Matrix): void {
    for (const [key, tensor] of matrixTensors(name, shape, matrix)) this.#context.tensors.set(key, tensor);
  }

  #vector(name: string, data: Float32Array): void {
    this.#context.tensors.set(name, { dtype: 'F32', shape: [data.length], data });
  }
}

/** A session is one stream: the axis of the batch must be 1. */
function checkBatch(operator: TfliteOperator, { model }: Context, timeMajor: boolean): void {
  const { shape } = model.tensors[operator.inputs[INPUT.x]!]!;
  const batch = shape[timeMajor ? 1 : 0];
  if (shape.length === 3 && batch === 1) return;
  throw unsupported(
    operator.place,
    `its input has the shape [${shape.slice(0, 8)}]; expected ${timeMajor ? '[timesteps, 1, values]' : '[1, timesteps, values]'}`,
  );
}

function refuseParts(operator: TfliteOperator, context: Context): void {
  const { place, options } = operator;
  const has = (n: number) => (operator.inputs[n] ?? -1) !== -1;
  if ([0, 1, 2, 3].some((gate) => has(INPUT.norm + gate))) {
    throw unsupported(
      place,
      'layer_norm_coefficients are not supported: they normalise the sum of both products gate by gate, ' +
        'which no node does; without them it is',
    );
  }
  if (
    has(INPUT.projectionBias) &&
    context.tensor(operator, INPUT.projectionBias)?.data?.some((byte) => byte !== 0)
  )
    throw unsupported(place, 'a projection_bias is not supported; a projection without it is');
  if ((options?.float32(2) ?? 0) !== 0)
    throw unsupported(place, `proj_clip ${options?.float32(2)} is not supported; 0, which is none, is`);
  if (options?.boolean(5))
    throw unsupported(place, 'diagonal_recurrent_tensors are not supported; full ones are');
}

/** The cell clip, 0 for none; c of a full-integer cell saturates at 32767 of its scale too. */
function clipOf(clip: number, cell: TfliteTensor, name: string, context: Context): number | undefined {
  const scale = cell.type === 'INT16' ? cell.quantization?.scales[0] : undefined;
  if (scale === undefined || scale === 0) return clip > 0 ? clip : undefined;
  const range = 32767 * scale;
  context.notes.push(
    `${name}: a full-integer cell in the file; its int16 roundings are not repeated, c stays within ${range.toPrecision(6)} as there`,
  );
  return clip > 0 ? Math.min(clip, range) : range;
}
