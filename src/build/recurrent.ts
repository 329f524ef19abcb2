import type { GruNode, LstmNode, MinGruNode, RecurrentNode, RnnNode } from '../graph/definition.ts';
import { apply, type VectorLayer } from './apply.ts';
import { constant, glorot, oneBlock, orthogonal } from './initializers.ts';
import { type Application, checkSize, type Ending, type Weight } from './value.ts';

/** How a layer goes through time, `forward` unless told; what becomes of both halves, `concat` unless told. */
export interface RecurrentOptions extends Pick<RecurrentNode, 'direction' | 'merge'> {
  /** Of its node, and the beginning of the names of its tensors. */
  readonly name?: string;
  /** Whether it has biases; true by default. */
  readonly bias?: boolean;
  /** Whether training learns what its states begin with; else they begin with zeros. */
  readonly learnInitial?: boolean;
  /** What states begin with, by their names, in a model with an encoder: see `statesOf`. */
  readonly initial?: Readonly<Record<string, Ending>>;
}

export type RnnOptions = RecurrentOptions & Partial<Pick<RnnNode, 'nonlinearity'>>;

/** Options of the node (see `LstmNode`), and which of its optional tensors it has. */
export type LstmOptions = RecurrentOptions &
  Pick<
    LstmNode,
    | 'gateActivation'
    | 'candidateActivation'
    | 'outputActivation'
    | 'coupled'
    | 'cellClip'
    | 'gateClip'
    | 'epsilon'
  > & {
    readonly peephole?: boolean;
    /** The size of h, where it is another than that of c. */
    readonly projected?: number;
    readonly layerNorm?: boolean;
  };

export type GruOptions = RecurrentOptions &
  Partial<Pick<GruNode, 'resetAfter' | 'gateActivation' | 'candidateActivation' | 'gateClip'>>;

export type MinimalOptions = RecurrentOptions & Pick<MinGruNode, 'candidateActivation'>;

/** A vanilla RNN of `units` units; `nonlinearity` tanh unless told. */
export function rnn(units: number, options: RnnOptions = {}): VectorLayer {
  return recurrent('rnn', units, { nonlinearity: 'tanh', ...options }, (inputs, parts) =>
    cellWeights({ blocks: 1, units, h: units, inputs }, parts),
  );
}

/** An LSTM of `units` cells. */
export function lstm(units: number, options: LstmOptions = {}): VectorLayer {
  const { peephole = false, projected, layerNorm = false, ...others } = options;
  if (projected !== undefined) checkSize('lstm', 'projected', projected);
  const h = projected ?? units;
  const blocks = others.coupled ? 3 : 4;
  return recurrent('lstm', units, others, (inputs, parts) => [
    ...cellWeights({ blocks, units, h, inputs, forget: others.coupled ? 0 : 1 }, parts),
    ...(parts.learnInitial ? [{ role: 'c0', shape: [units] }] : []),
    ...(peephole ? [{ role: 'peephole', shape: [3 * units] }] : []),
    ...(projected ? [{ role: 'weight_hr', shape: [h, units], fill: glorot(units, h) }] : []),
    ...(layerNorm ? normWeights(blocks * units, units) : []),
  ]);
}

/** A GRU of `units` units; `resetAfter` true, PyTorch's form, unless told. */
export function gru(units: number, options: GruOptions = {}): VectorLayer {
  return recurrent('gru', units, { resetAfter: true, ...options }, (inputs, parts) =>
    cellWeights({ blocks: 3, units, h: units, inputs }, parts),
  );
}

/** A minGRU of `units` units (Feng et al. 2024). */
export function minGru(units: number, options: MinimalOptions = {}): VectorLayer {
  return recurrent('mingru', units, options, (inputs, parts) =>
    minimalWeights({ blocks: 2, units, h: units, inputs }, parts),
  );
}

/** A minLSTM of `units` units (ibid.). */
export function minLstm(units: number, options: MinimalOptions = {}): VectorLayer {
  return recurrent('minlstm', units, options, (inputs, parts) =>
    minimalWeights({ blocks: 3, units, h: units, inputs, forget: 0 }, parts),
  );
}

/** Which of the tensors that may be absent a cell has. */
interface Parts {
  readonly bias: boolean;
  readonly learnInitial: boolean;
}

interface Sizes {
  readonly blocks: number;
  readonly units: number;
  readonly h: number;
  readonly inputs: number;
  /** The block of the forget gate, whose bias begins with 1 (Jozefowicz, Zaremba and Sutskever 2015). */
  readonly forget?: number;
}

function recurrent(
  type: Application['type'],
  units: number,
  options: RecurrentOptions,
  weightsOf: (inputs: number, parts: Parts) => readonly Weight[],
): VectorLayer {
  const { name, initial, bias = true, learnInitial = false, ...fields } = options;
  checkSize(type, 'units', units);
  return (x) => {
    const forward = weightsOf(x?.size, { bias, learnInitial });
    const backward = forward.map((weight) => ({ ...weight, role: `${weight.role}_reverse` }));
    const weights = fields.direction === 'both' ? [...forward, ...backward] : forward;
    return apply({ call: `${type}(${units})`, type, name, reads: [x], weights, fields, initial });
  };
}

function cellWeights({ blocks, units, h, inputs, forget }: Sizes, { bias, learnInitial }: Parts): Weight[] {
  const rows = blocks * units;
  return [
    { role: 'weight_ih', shape: [rows, inputs], fill: glorot(inputs, units) },
    { role: 'weight_hh', shape: [rows, h], fill: orthogonal(units, h) },
    ...(bias ? [biasWeight(rows, units, forget), { role: 'bias_hh', shape: [rows] }] : []),
    ...(learnInitial ? [{ role: 'h0', shape: [h] }] : []),
  ];
}

function minimalWeights({ blocks, units, inputs, forget }: Sizes, { bias, learnInitial }: Parts): Weight[] {
  const rows = blocks * units;
  return [
    { role: 'weight_ih', shape: [rows, inputs], fill: glorot(inputs, units) },
    ...(bias ? [biasWeight(rows, units, forget)] : []),
    ...(learnInitial ? [{ role: 'h0', shape: [units] }] : []),
  ];
}

function biasWeight(rows: number, units: number, forget: number | undefined): Weight {
  const bias = { role: 'bias_ih', shape: [rows] };
  return forget === undefined ? bias : { ...bias, fill: oneBlock(forget, units) };
}

function normWeights(rows: number, units: number): Weight[] {
  return ['norm_ih', 'norm_hh', 'norm_c'].flatMap((norm) => {
    const shape = [norm === 'norm_c' ? units : rows];
    return [
      { role: `${norm}_weight`, shape, fill: constant(1) },
      { role: `${norm}_bias`, shape },
    ];
  });
}
