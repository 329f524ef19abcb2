/**
 * LSTM, GRU and RNN of ONNX to ours. Gates stand in another order: LSTM i, o, f, c against i, f, g, o; GRU z, r, h against
 * r, z, n; peepholes i, o, f against i, f, o.
 */
import type { GateActivation } from '../../../../graph/definition.ts';
import type { NodeBody } from '../../emitter.ts';
import type { Operator, OperatorCall } from '../../operator.ts';
import { unsupported } from '../../refuse.ts';
import type { Constant, Stream, Value } from '../../value.ts';
import { readActivations } from './activations.ts';
import {
  type Cell,
  checkLengths,
  checkTime,
  INPUT,
  matrixOf,
  optionalOf,
  outputsOf,
  readCell,
} from './call.ts';
import { keepStates, readInitial } from './initial.ts';
import { type Order, order, Roles, rowsOf } from './weights.ts';

const LSTM: Order = order(0, 2, 3, 1);
/** i = 1 - f of ours is f = 1 - i of ONNX where σ(-x) = 1 - σ(x): f's rows are the negative ones of i. */
const COUPLED: Order = [{ from: 0, negative: true }, { from: 3 }, { from: 1 }];
const PEEPHOLE: Order = order(0, 2, 1);
/** Of the coupled cell the first block is read by nobody. */
const COUPLED_PEEPHOLE: Order = [{ from: 0 }, { from: 0, negative: true }, { from: 1 }];
const GRU: Order = order(1, 0, 2);
const RNN: Order = order(0);

export const lstm: Operator = (call) => {
  const cell = readCell(call, 4);
  const { hidden, directions, inputs } = cell;
  const W = matrixOf(cell, INPUT.W, 'W', [directions, 4 * hidden, inputs]);
  const R = matrixOf(cell, INPUT.R, 'R', [directions, 4 * hidden, hidden]);
  return emitLstm(cell, (roles, blocks) => addMatrices(cell, roles, W, R, 4, blocks));
};

/** @param addWeights adds weight_ih and weight_hh, in the order of the blocks */
export function emitLstm(cell: Cell, addWeights: (roles: Roles, blocks: Order) => void): readonly Value[] {
  const { call, hidden, directions } = cell;
  const roles = new Roles(cell);
  const [gate, candidate, output] = readActivations(call, ['Sigmoid', 'Tanh', 'Tanh'], directions);
  const coupled = call.attributes.int('input_forget', 0) !== 0;
  if (coupled) checkCoupled(call, gate!);
  addWeights(roles, coupled ? COUPLED : LSTM);
  addBiases(cell, roles, 4, coupled ? COUPLED : LSTM);
  addPeepholes(cell, roles, coupled ? COUPLED_PEEPHOLE : PEEPHOLE);
  return emitCell(cell, roles, ['h', 'c'], {
    type: 'lstm',
    gateActivation: gate,
    candidateActivation: candidate,
    outputActivation: output,
    ...(coupled && { coupled }),
    ...readClip(call),
  });

  function checkCoupled({ place }: OperatorCall, activation: GateActivation): void {
    if (activation === 'sigmoid') return;
    throw unsupported(
      place,
      `its attribute input_forget is 1, and the activation of the gates ${JSON.stringify(activation)} with hidden size ` +
        `${hidden}; supported is Sigmoid there`,
    );
  }
}

export const gru: Operator = (call) => {
  const cell = readCell(call, 3);
  const { hidden, directions, inputs } = cell;
  const roles = new Roles(cell);
  const W = matrixOf(cell, INPUT.W, 'W', [directions, 3 * hidden, inputs]);
  const R = matrixOf(cell, INPUT.R, 'R', [directions, 3 * hidden, hidden]);
  const [gate, candidate] = readActivations(call, ['Sigmoid', 'Tanh'], directions);
  addMatrices(cell, roles, W, R, 3, GRU);
  addBiases(cell, roles, 3, GRU);
  return emitCell(cell, roles, ['h'], {
    type: 'gru',
    resetAfter: call.attributes.int('linear_before_reset', 0) !== 0,
    gateActivation: gate,
    candidateActivation: candidate,
    ...readClip(call),
  });
};

export const rnn: Operator = (call) => {
  const cell = readCell(call, 1);
  const { hidden, directions, inputs } = cell;
  const roles = new Roles(cell);
  const W = matrixOf(cell, INPUT.W, 'W', [directions, hidden, inputs]);
  const R = matrixOf(cell, INPUT.R, 'R', [directions, hidden, hidden]);
  const [nonlinearity] = readActivations(call, ['Tanh'], directions);
  if (readClip(call).gateClip !== undefined)
    throw unsupported(
      call.place,
      'its attribute clip is not supported; supported is none, and clip of LSTM and GRU',
    );
  addMatrices(cell, roles, W, R, 1, RNN);
  addBiases(cell, roles, 1, RNN);
  return emitCell(cell, roles, ['h'], { type: 'rnn', nonlinearity });
};

function addMatrices(cell: Cell, roles: Roles, W: Constant, R: Constant, gates: number, blocks: Order): void {
  const { hidden, inputs } = cell;
  for (const [role, constant, row] of [
    ['weight_ih', W, inputs],
    ['weight_hh', R, hidden],
  ] as const) {
    roles.add(role, [blocks.length * hidden, row], constant.origins, (half) =>
      rowsOf(constant, half * gates * hidden * row, blocks, hidden, row),
    );
  }
}

/** B: [directions, 2 * gates * hidden], those of W before those of R. */
function addBiases(cell: Cell, roles: Roles, gates: number, blocks: Order): void {
  const { hidden, directions } = cell;
  const bias = optionalOf(cell, INPUT.B, 'B', [directions, 2 * gates * hidden]);
  if (!bias) return;
  for (const [role, of] of [
    ['bias_ih', 0],
    ['bias_hh', 1],
  ] as const) {
    roles.add(role, [blocks.length * hidden], bias.origins, (half) =>
      rowsOf(bias, (2 * half + of) * gates * hidden, blocks, hidden, 1),
    );
  }
}

function addPeepholes(cell: Cell, roles: Roles, blocks: Order): void {
  const { hidden, directions } = cell;
  const peepholes = optionalOf(cell, INPUT.P, 'P', [directions, 3 * hidden]);
  if (!peepholes) return;
  roles.add('peephole', [3 * hidden], peepholes.origins, (half) =>
    rowsOf(peepholes, half * 3 * hidden, blocks, hidden, 1),
  );
}

/** ONNX bounds what the activations of the gates read. */
function readClip({ attributes }: OperatorCall): { readonly gateClip?: number } {
  const clip = attributes.float('clip', 0);
  return clip > 0 ? { gateClip: clip } : {};
}

/** The node, and what the outputs of the operator are. */
function emitCell(
  cell: Cell,
  roles: Roles,
  states: readonly ('h' | 'c')[],
  own: Readonly<Record<string, unknown>>,
): readonly Value[] {
  const { call, x, name, direction, directions, hidden } = cell;
  call.attributes.ignore('hidden_size');
  call.attributes.finish();
  checkLengths(cell);
  checkTime(cell);
  const beginnings = readInitial(cell, states, roles);
  const input = call.emit.use(x, call.place);
  const body = { ...own, input, tensors: roles.names, ...(direction !== 'forward' && { direction }) };
  // The fields are those of the type; TypeScript cannot follow that through a record.
  const source = call.emit.node(name, body as unknown as NodeBody, directions * hidden, call.place);
  const outputs = outputsOf(cell, source, states.length === 2);
  keepStates(cell, source.name, beginnings, (state) => outputs[state === 'h' ? 1 : 2] as Stream);
  return outputs;
}
