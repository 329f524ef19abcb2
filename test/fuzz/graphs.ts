import type { ModelDefinition } from '../../src/graph/definition.ts';
import { ACTIVATIONS } from '../contract/cases/activation.ts';
import { type Draft, features, tokens, variant } from '../contract/variant.ts';

const BIASES = ['bias_ih', 'bias_hh'];
const NORMS = [
  'norm_ih_weight',
  'norm_ih_bias',
  'norm_hh_weight',
  'norm_hh_bias',
  'norm_c_weight',
  'norm_c_bias',
];

/** Small graphs which together have every type of node and every op that lowering writes. */
export function fuzzGraphs(): ModelDefinition[] {
  return GRAPHS.map(([name, input, draw]) => variant(name, input, draw).definition);
}

const GRAPHS: readonly (readonly [
  name: string,
  input: ReturnType<typeof features>,
  draw: (draft: Draft) => void,
])[] = [
  ['activations', features(5), activations],
  ['merging', features(7), merging],
  ['norms', features(5), norms],
  ['frames, channels last', features(27), (draft) => frames(draft, 'channels-last')],
  ['frames, channels first', features(27), (draft) => frames(draft, 'channels-first')],
  ['convolutions', features(12), convolutions],
  ['pooling over time', features(17), timePooling],
  ['states', features(5), states],
  ['cells of other activations', features(3), otherActivations],
  ['minimal cells', features(3), minimalCells],
  ['lstm with everything', features(3), (draft) => everything(draft, 17, { projected: 5 })],
  [
    'lstm with everything, both',
    features(3),
    (draft) => everything(draft, 7, { direction: 'both', merge: 'sum' }),
  ],
  ['lstm, coupled', features(3), (draft) => everything(draft, 16, { coupled: true, direction: 'backward' })],
  ['both directions', features(3), bothDirections],
  ['encoder of features', features(3), featureEncoder],
  ['encoder of tokens', tokens(7), tokenEncoder],
  ['encoder of both directions', features(2), encoderOfBothDirections],
];

function activations(draft: Draft): void {
  draft.dense('lead', 5, 33, { activation: 'hard-sigmoid' });
  const range = { scale: 0.1, zeroPoint: 1, low: -4, high: 3 };
  draft.add({ type: 'quantize', name: 'quantized', input: draft.last, ...range });
  ACTIVATIONS.forEach((activation, i) => {
    draft.add({ type: 'activation', name: `activation${i}`, input: draft.last, activation });
  });
}

function merging(draft: Draft): void {
  draft.cell('lstm', 'cell', 7, 7, {});
  draft.add({ type: 'add', name: 'sum', inputs: ['cell', 'input', 'input'] });
  draft.add({ type: 'mul', name: 'product', inputs: ['sum', 'cell'] });
  draft.add({ type: 'concat', name: 'joined', inputs: ['product', 'input', 'sum'] });
  draft.add({ type: 'slice', name: 'part', input: 'joined', start: 3, size: 17 });
  draft.add({ type: 'dropout', name: 'dropout', input: 'part', rate: 0.5 });
  draft.cell('gru', 'upper', 17, 5, { resetAfter: false });
}

function norms(draft: Draft): void {
  draft.dense('lead', 5, 21);
  const vector = (name: string, size: number, middle: number) => draft.tensor(name, [size], 0.5, middle);
  const layer = { weight: vector('layer.weight', 21, 1), bias: vector('layer.bias', 21, 0) };
  draft.add({ type: 'layernorm', name: 'layer', input: 'lead', tensors: layer, epsilon: 1e-2 });
  draft.cell('gru', 'cell', 21, 21, { resetAfter: true });
  const statistics = { running_mean: vector('mean', 3, 0), running_var: vector('variance', 3, 1) };
  const batch = { weight: vector('batch.weight', 3, 1), bias: vector('batch.bias', 3, 0), ...statistics };
  draft.add({ type: 'batchnorm', name: 'batch', input: 'cell', tensors: batch, layout: 'channels-first' });
  draft.add({ type: 'layernorm', name: 'plain', input: 'batch', tensors: {} });
}

function frames(draft: Draft, layout: 'channels-first' | 'channels-last'): void {
  const wide = { weight: draft.tensor('wide', [5, 3, 3], 0.3), bias: draft.tensor('wide.bias', [5], 0.5) };
  const more = { layout, stride: 2, padding: 2, activation: 'elu' } as const;
  draft.add({ type: 'frame-convolution', name: 'wide', input: 'input', tensors: wide, ...more });
  const pool = { layout, channels: 5, kernel: 3, stride: 1, padding: 1 };
  draft.add({ type: 'frame-pooling', name: 'largest', input: 'wide', operation: 'max', ...pool });
  const narrow = { weight: draft.tensor('narrow', [17, 5, 2], 0.3) };
  draft.add({
    type: 'frame-convolution',
    name: 'narrow',
    input: 'largest',
    tensors: narrow,
    layout,
    dilation: 3,
  });
  draft.add({
    type: 'frame-pooling',
    name: 'mean',
    input: 'narrow',
    operation: 'average',
    layout,
    channels: 17,
    kernel: 2,
  });
}

function convolutions(draft: Draft): void {
  const lower = { weight: draft.tensor('lower', [3, 2, 5], 0.3), bias: draft.tensor('lower.bias', [3], 0.5) };
  draft.add({ type: 'convolution', name: 'lower', input: 'input', tensors: lower, stride: 3, dilation: 2 });
  const middle = { weight: draft.tensor('middle', [17, 6, 2], 0.3) };
  draft.add({
    type: 'convolution',
    name: 'middle',
    input: 'lower',
    tensors: middle,
    dilation: 3,
    activation: 'softsign',
  });
  const upper = {
    weight: draft.tensor('upper', [7, 17, 3], 0.3),
    bias: draft.tensor('upper.bias', [7], 0.5),
  };
  draft.add({ type: 'convolution', name: 'upper', input: 'middle', tensors: upper });
  draft.cell('gru', 'cell', 7, 7, { resetAfter: true });
}

function timePooling(draft: Draft): void {
  for (const operation of ['max', 'sum', 'mean'] as const)
    draft.add({ type: 'time-pooling', name: operation, input: draft.last, operation });
  draft.dense('lead', 17, 16);
  draft.add({ type: 'time-pooling', name: 'largest', input: 'lead', operation: 'max' });
}

function states(draft: Draft): void {
  const initial = draft.tensor('fed.initial', [7], 0.5);
  draft.add({ type: 'state', name: 'fed', input: 'head', size: 7, tensors: { initial } });
  draft.add({ type: 'state', name: 'late', input: 'input', size: 5, tensors: {} });
  draft.add({ type: 'concat', name: 'both', inputs: ['input', 'fed', 'late'] });
  draft.dense('head', 17, 7, { activation: 'tanh' });
}

function otherActivations(draft: Draft): void {
  draft.cell('rnn', 'rnn', 3, 7, { nonlinearity: 'softsign' }, [...BIASES, 'h0']);
  draft.cell('gru', 'after', 7, 17, { resetAfter: true, gateClip: 0.5 }, []);
  draft.cell('gru', 'before', 17, 7, { resetAfter: false, gateActivation: 'hard-sigmoid' }, [
    ...BIASES,
    'h0',
  ]);
  draft.cell('lstm', 'lstm', 7, 5, { outputActivation: 'identity', cellClip: 2 }, BIASES);
}

function minimalCells(draft: Draft): void {
  draft.cell('mingru', 'lower', 3, 17, {}, ['bias_ih', 'h0']);
  draft.cell('minlstm', 'middle', 17, 7, { candidateActivation: 'tanh', direction: 'both', merge: 'mul' }, [
    'bias_ih',
  ]);
  draft.cell('mingru', 'upper', 7, 5, { direction: 'backward' }, []);
}

type LstmFields = NonNullable<Parameters<Draft['cell']>[4]>;

function everything(draft: Draft, hidden: number, fields: LstmFields): void {
  const options = {
    cellClip: 0.5,
    gateClip: 1.5,
    gateActivation: { type: 'hard-sigmoid', alpha: 1 / 6, beta: 0.5 },
    candidateActivation: 'softsign',
    outputActivation: 'elu',
    ...fields,
  } as const;
  const projection = 'projected' in fields ? ['weight_hr'] : [];
  draft.cell('lstm', 'cell', 3, hidden, options as LstmFields, [
    ...BIASES,
    ...NORMS,
    'peephole',
    'h0',
    'c0',
    ...projection,
  ]);
}

function bothDirections(draft: Draft): void {
  draft.cell('rnn', 'lower', 3, 7, { nonlinearity: 'tanh', direction: 'both' });
  draft.cell('lstm', 'middle', 14, 17, { direction: 'both', merge: 'average' });
  draft.add({ type: 'time-pooling', name: 'mean', input: 'middle', operation: 'mean' });
  draft.cell('gru', 'upper', 17, 5, { resetAfter: true, direction: 'backward' });
}

function featureEncoder(draft: Draft): void {
  draft.cell('lstm', 'encoder', 3, 17, {}).endEncoder({ ...features(5), name: 'query' });
  draft.cell('lstm', 'decoder', 5, 17, { initial: { h: 'encoder.h', c: 'encoder.c' } });
  draft.add({ type: 'attention', name: 'attention', input: 'decoder', memory: 'encoder', scale: 0.25 });
  draft.add({ type: 'concat', name: 'joined', inputs: ['decoder', 'attention'] }).dense('head', 34, 3);
}

function tokenEncoder(draft: Draft): void {
  draft.embedding('reading', 7, 5).cell('gru', 'encoder', 5, 7, { resetAfter: true, direction: 'both' });
  draft.dense('bridge', 14, 16, { activation: 'tanh' }).endEncoder({ ...tokens(11), name: 'token' });
  draft
    .embedding('embedding', 11, 3)
    .cell('gru', 'decoder', 3, 16, { resetAfter: false, initial: { h: 'bridge' } });
  draft.add({ type: 'attention', name: 'attention', input: 'decoder', memory: 'bridge' });
  draft.add({ type: 'add', name: 'joined', inputs: ['decoder', 'attention'] }).dense('head', 16, 11);
}

function encoderOfBothDirections(draft: Draft): void {
  draft.cell('lstm', 'lower', 2, 7, { direction: 'both', merge: 'sum' });
  draft.add({ type: 'time-pooling', name: 'pooled', input: 'lower', operation: 'max' });
  draft.cell('rnn', 'upper', 7, 7, { nonlinearity: 'relu', direction: 'backward' });
  draft.endEncoder({ ...features(2), name: 'query' });
  const initial = { h: 'upper.h', c: 'lower.reverse.c', 'reverse.h': 'pooled' };
  draft.cell('lstm', 'decoder', 2, 7, { direction: 'both', merge: 'mul', initial });
  draft.add({ type: 'attention', name: 'first', input: 'decoder', memory: 'upper', scale: 2 });
  draft.add({ type: 'attention', name: 'second', input: 'first', memory: 'lower' });
}
