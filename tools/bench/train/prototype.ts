// The study's bptt.ts: panels of 16 columns [columns/16][rows][16], all parameters in one block.

import { buildPrototypes, prototypesMissing, TRAINING } from '../prototypes/build.ts';
import { timed } from '../timing.ts';
import { ADAM, type TrainCase } from './cases.ts';
import { type Absent, type Entrant, Refusal, type TrainContender } from './contender.ts';

export const PROTOTYPE = 'prototype';

/** How many times its timesteps/s Rivulet must reach: what an op of its own for each part of a cell may cost. */
const BAR = 0.8;

/** The exports of the study's bptt.ts that are used here. */
interface BpttExports {
  readonly memory: WebAssembly.Memory;
  init(input: number, hidden: number, output: number, timesteps: number, batch: number, gru: number): void;
  /** The address of the block `which`: see PARAMETERS, INPUTS, TARGETS. */
  ptr(which: number): number;
  /** A window and an update; gives the loss. */
  train(learningRate: number, clipNorm: number): number;
}

const PARAMETERS = 0;
const INPUTS = 2;
const TARGETS = 3;

const PANEL = 16;

export function prototype(): Entrant | Absent {
  const missing = prototypesMissing(TRAINING);
  if (missing !== undefined) return { name: PROTOTYPE, missing };
  const module = new WebAssembly.Module(buildPrototypes(TRAINING));
  return {
    name: PROTOTYPE,
    about: [`kernel-study/${TRAINING.folder}, asc ${TRAINING.flags}`],
    barOf: () => BAR,
    enter: async (trainCase) => prototypeTrainer(module, trainCase),
    leave() {},
  };
}

function prototypeTrainer(module: WebAssembly.Module, trainCase: TrainCase): TrainContender | Refusal {
  const { cell, batch, timesteps, input, hidden, output } = trainCase;
  if ([input, hidden, output].some((size) => size % PANEL !== 0)) {
    return new Refusal(`it takes sizes that are multiples of ${PANEL} only`);
  }
  if (batch > 1 && batch % 2 !== 0) return new Refusal('it takes a batch of 1 or an even one only');
  const exports = instantiate(module);
  exports.init(input, hidden, output, timesteps, batch, Number(cell === 'gru'));
  const { buffer } = exports.memory;
  let at = exports.ptr(PARAMETERS);
  for (const block of parameterBlocks(trainCase)) {
    new Float32Array(buffer, at, block.length).set(block);
    at += block.byteLength;
  }
  new Float32Array(buffer, exports.ptr(INPUTS)).set(trainCase.inputs);
  new Uint32Array(buffer, exports.ptr(TARGETS)).set(trainCase.targets);
  const { learningRate, clipNorm } = ADAM;
  const time = timed((times) => {
    for (let i = 0; i < times; i++) exports.train(learningRate, clipNorm);
  });
  return { update: () => exports.train(learningRate, clipNorm), time, dispose() {} };
}

function instantiate(module: WebAssembly.Module): BpttExports {
  const abort = () => {
    throw new Error('the prototype aborted');
  };
  const imports = { env: { abort, clock: () => performance.now() } };
  return new WebAssembly.Instance(module, imports).exports as unknown as BpttExports;
}

/** The GRU's gates over the input stand as n r z, and as r z n over the hidden state. */
const GRU_INPUT_ORDER = [2, 0, 1];
const ORDER = [0, 1, 2, 3];

/** W, U, b, for the GRU b of the hidden product, then the head's: in the order of the prototype's memory. */
function parameterBlocks({ cell, hidden, input, output, definition }: TrainCase): Float32Array[] {
  const gru = cell === 'gru';
  const data = (name: string) => definition.tensors.get(name)!.data as Float32Array;
  const order = gru ? GRU_INPUT_ORDER : ORDER;
  const inputGates = (values: Float32Array) => gatesInOrder(values, order);
  return [
    panels(inputGates(data('rnn.weight_ih_l0')), input),
    panels(data('rnn.weight_hh_l0'), hidden),
    inputGates(data('rnn.bias_ih_l0')),
    ...(gru ? [data('rnn.bias_hh_l0')] : []),
    panels(data('head.weight'), hidden),
    data('head.bias').slice(0, output),
  ];
}

/** The equal parts of `values`, as many as `order` names, in that order. */
function gatesInOrder(values: Float32Array, order: readonly number[]): Float32Array {
  const length = values.length / order.length;
  const result = new Float32Array(values.length);
  order.forEach((gate, i) => {
    result.set(values.subarray(gate * length, (gate + 1) * length), i * length);
  });
  return result;
}

/** [rows, columns] of the model to [rows/16][columns][16]. */
function panels(matrix: Float32Array, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const panel = Math.floor(row / PANEL);
    result[(panel * columns + column) * PANEL + (row % PANEL)] = matrix[i]!;
  }
  return result;
}
