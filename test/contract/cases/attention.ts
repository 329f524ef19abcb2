import { features, tokens, type Variant, variant } from '../variant.ts';

/** An encoder of features, whose last state begins the decoder; attention over what the encoder gave. */
const of = (size: number, scale?: number): Variant =>
  variant(`over ${size} values${scale ? `, scale ${scale}` : ''}`, features(3), (draft) => {
    draft.cell('lstm', 'encoder', 3, size, {}).endEncoder({ ...features(5), name: 'query' });
    draft.cell('lstm', 'decoder', 5, size, { initial: { h: 'encoder.h', c: 'encoder.c' } });
    draft.add({
      type: 'attention',
      name: 'node',
      input: draft.last,
      memory: 'encoder',
      ...(scale && { scale }),
    });
    draft.add({ type: 'concat', name: 'joined', inputs: ['decoder', 'node'] }).dense('head', 2 * size, 3);
  });

export const attention: readonly Variant[] = [
  of(1),
  of(7),
  of(16, 0.25),
  of(17, 1 / Math.sqrt(17)),
  of(33),
  variant(
    'over both directions of tokens',
    tokens(7),
    (draft) => {
      draft.embedding('reading', 7, 5).cell('gru', 'encoder', 5, 7, { resetAfter: true, direction: 'both' });
      draft.dense('bridge', 14, 17, { activation: 'tanh' }).endEncoder({ ...tokens(11), name: 'token' });
      draft.embedding('embedding', 11, 3);
      draft.cell('gru', 'decoder', 3, 17, { resetAfter: false, initial: { h: 'bridge' } });
      draft.add({ type: 'attention', name: 'node', input: 'decoder', memory: 'bridge' });
      draft.add({ type: 'add', name: 'joined', inputs: ['decoder', 'node'] }).dense('head', 17, 11);
    },
    { loss: 'cross-entropy' },
  ),
  variant('twice, over two nodes, states of either half', features(3), (draft) => {
    draft.cell('lstm', 'lower', 3, 7, { direction: 'both', merge: 'sum' });
    draft.cell('rnn', 'upper', 7, 7, { nonlinearity: 'tanh', direction: 'backward' });
    draft.endEncoder({ ...features(2), name: 'query' });
    const initial = { h: 'upper.h', c: 'lower.reverse.c' };
    draft.cell('lstm', 'decoder', 2, 7, { initial });
    draft.add({ type: 'attention', name: 'first', input: 'decoder', memory: 'upper', scale: 2 });
    draft.add({ type: 'attention', name: 'second', input: 'first', memory: 'lower' });
    draft.cell('gru', 'above', 7, 7, { resetAfter: true, initial: { h: 'lower.h' } });
  }),
  variant('over a convolution, and states out of pooling over time', features(3), (draft) => {
    const weight = draft.tensor('convolution.weight', [7, 3, 3], 0.4);
    draft.add({ type: 'convolution', name: 'convolution', input: 'input', tensors: { weight } });
    draft.cell('mingru', 'encoder', 7, 7, { direction: 'backward' }, ['bias_ih', 'h0']);
    draft.add({ type: 'time-pooling', name: 'mean', input: 'encoder', operation: 'mean' });
    draft.add({ type: 'time-pooling', name: 'most', input: 'convolution', operation: 'max' });
    draft.endEncoder({ ...features(2), name: 'query' });
    draft.cell('lstm', 'decoder', 2, 7, { initial: { h: 'mean', c: 'most' } });
    draft.add({ type: 'attention', name: 'node', input: 'decoder', memory: 'convolution' });
  }),
  variant('of a decoder in both directions', features(3), (draft) => {
    draft.cell('gru', 'encoder', 3, 7, { resetAfter: true }).endEncoder({ ...features(2), name: 'query' });
    const initial = { h: 'encoder.h', 'reverse.h': 'encoder' };
    draft.cell('gru', 'decoder', 2, 7, { resetAfter: true, direction: 'both', merge: 'average', initial });
    draft.add({ type: 'attention', name: 'node', input: 'decoder', memory: 'encoder' });
  }),
];
