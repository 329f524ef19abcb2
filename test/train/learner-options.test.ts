/** What a learner is made from, what it leaves as it was, and what it refuses. */
import { describe, expect, it } from 'vitest';
import {
  createLearner,
  dense,
  embedding,
  gru,
  input,
  type LearnerOptions,
  minGru,
  minLstm,
  quantize,
  sequential,
} from '../../src/index.ts';
import { Model } from '../../src/session/model.ts';
import { refusal } from '../formats/refusals.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';
import { trainRuntime } from './cases.ts';

const runtime = trainRuntime('simd');
const infer = testRuntime();
const x = input('x', 3);
const minimal = sequential([minGru(8), dense(2)], { input: x, runtime: infer });
const model = new Model(runtime, minimal);

function learnFor(learner: ReturnType<typeof createLearner>, timesteps: number): number {
  const random = new Random(1);
  let loss = 0;
  for (let t = 0; t < timesteps; t++) loss = learner.learn(random.gaussians(3), random.gaussians(2));
  return loss;
}

describe('the model that a learner comes from', () => {
  it('is left as it was, and so are its sessions', () => {
    const session = model.createSession();
    session.step(Float32Array.of(1, 2, 3));
    const [bytes, state] = [model.toBytes(), session.snapshot()];
    using learner = createLearner(model, { window: 4 });
    learnFor(learner, 20);
    using learnt = learner.toModel();
    expect(learnt.fingerprint.weights).not.toBe(model.fingerprint.weights);
    expect(learnt.fingerprint.shape).toBe(model.fingerprint.shape);
    expect(Buffer.compare(model.toBytes(), bytes)).toBe(0);
    expect(Buffer.compare(session.snapshot(), state)).toBe(0);
    session.dispose();
  });

  it('may be int8: it learns in float32, and gives int8 again', () => {
    using int8 = quantize(model, { weights: 'int8' }).model;
    using learner = createLearner(int8, { algorithm: 'rtrl' });
    learnFor(learner, 20);
    using learnt = learner.toModel();
    expect(learnt.layers.map(({ weights }) => weights)).toEqual(int8.layers.map(({ weights }) => weights));
    expect(learnt.fingerprint.weights).not.toBe(int8.fingerprint.weights);
  });

  it('may live where one only infers: the learner learns in the runtime that it is given', () => {
    using served = new Model(infer, minimal);
    const error = refusal(() => createLearner(served));
    expect(error.code).toBe('not-supported');
    expect(error.message).toContain('createRuntime({ module: "train" })');
    expect(refusal(() => createLearner(served, { runtime: infer })).code).toBe('invalid-argument');
    using learner = createLearner(served, { runtime, window: 4 });
    using here = createLearner(model, { window: 4 });
    expect(learnFor(learner, 20)).toBe(learnFor(here, 20));
    using learnt = learner.toModel();
    expect(learnt.createSession().step(Float32Array.of(1, 2, 3))).toHaveLength(2);
  });

  it('has its memory back when learners are disposed', () => {
    const live = () => {
      const learner = createLearner(model, { algorithm: 'rtrl' });
      learnFor(learner, 3);
      learner.dispose();
      expect(refusal(() => learner.step(Float32Array.of(1, 2, 3))).code).toBe('disposed');
      expect(refusal(() => learner.snapshot()).code).toBe('disposed');
    };
    live();
    const bytes = runtime.memoryBytes;
    for (let i = 0; i < 300; i++) live();
    expect(runtime.memoryBytes).toBe(bytes);
  });
});

describe('trainable', () => {
  it.each(['bptt', 'rtrl'] as const)('leaves the other tensors as they were: %s', (algorithm) => {
    using learner = createLearner(model, { algorithm, every: 1, trainable: ['dense'] });
    learnFor(learner, 40);
    using learnt = learner.toModel();
    for (const [name, { data }] of learnt.definition.tensors) {
      const same = Buffer.compare(
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
        Buffer.from(minimal.tensors.get(name)!.data.buffer),
      );
      expect(same === 0, name).toBe(!name.startsWith('dense'));
    }
  });
});

describe('losses', () => {
  it('of values: each takes what it is for, and refuses other targets', () => {
    using learner = createLearner(model, { loss: 'binary-cross-entropy', window: 2 });
    expect(learner.learn(Float32Array.of(1, 2, 3), Float32Array.of(0, 1))).toBeGreaterThan(0);
    const before = learner.snapshot();
    const error = refusal(() => learner.learn(Float32Array.of(1, 2, 3), Float32Array.of(0, 1.5)));
    expect(error.code).toBe('invalid-target');
    expect(error.message).toContain('every value must be from 0 to 1, got 1.5 at index 1');
    expect(Buffer.compare(learner.snapshot(), before)).toBe(0);
    using huber = createLearner(model, { loss: { type: 'huber', delta: 0.5 }, window: 2 });
    const out = new Float32Array(2);
    const loss = huber.learn(Float32Array.of(1, 2, 3), Float32Array.of(9, -9), out);
    const expected = [9 - out[0]!, 9 + out[1]!].reduce((sum, error) => sum + 0.5 * (error - 0.25), 0) / 2;
    expect(loss).toBeCloseTo(expected, 4);
  });

  it('of classes: an ignored one weighs nothing, and nothing is learnt from it', () => {
    using text = new Model(runtime, sequential([embedding(7, 4), gru(8), dense(7)], { runtime: infer }));
    const loss = { type: 'cross-entropy', ignore: 9 } as const;
    using learner = createLearner(text, { loss, window: 3, every: 1 });
    expect(learner.learn(3, 9)).toBe(0);
    expect(learner.updates).toBe(0);
    expect(refusal(() => learner.learn(3, 8)).message).toContain('or the ignored 9, got 8');
    expect(learner.learn(3, 6)).toBeGreaterThan(1);
    expect(learner.updates).toBe(1);
  });

  it('of whole sequences: none', () => {
    const error = refusal(() => createLearner(model, { loss: 'ctc' }));
    expect(error.message).toMatch(/"ctc" is of whole sequences/);
  });
});

describe('refused', () => {
  const options: readonly [string, unknown, RegExp][] = [
    ['an unknown algorithm', { algorithm: 'uoro' }, /algorithm must be "bptt" or "rtrl", got "uoro"/],
    ['no window', { window: 0 }, /window must be an integer from 1 to 65536, got 0/],
    ['a window that is no integer', { window: 1.5 }, /window must be .* got 1\.5/],
    ['fewer updates than windows', { window: 4, every: 5 }, /every must be an integer from 1 to 4, got 5/],
    ['a horizon of 0', { horizon: 0 }, /horizon must be an integer from 1 to 65536, got 0/],
    ['a window of rtrl', { algorithm: 'rtrl', window: 8 }, /window is for algorithm "bptt".*give every/],
    ['an option of fineTune', { epochs: 3 }, /a learner has no option "epochs"/],
    ['no learning rate', { learningRate: 0 }, /learningRate must be a number above 0, got 0/],
    ['an unknown layer', { trainable: ['lstm'] }, /trainable names "lstm".*"mingru", "dense"/],
    ['nothing', null, /options must be an object, got null/],
  ];
  it.each(options)('%s', (_, given, words) => {
    const error = refusal(() => createLearner(model, given as LearnerOptions));
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(words);
  });

  const layers: Parameters<typeof sequential>[0][] = [
    [gru(8), dense(2)],
    [minGru(8), minLstm(8), dense(2)],
    [dense(2)],
  ];
  it.each([
    ['another cell', layers[0]!, /only memory is one minGRU or minLSTM; this one has "gru\.h"/],
    ['two cells', layers[1]!, /this one has "mingru\.h", "minlstm\.h"/],
    ['no memory', layers[2]!, /this one has none/],
    [
      'something trainable before the cell',
      [dense(4), minGru(8), dense(2)] as Parameters<typeof sequential>[0],
      /"dense" comes before it and tensor "dense\.weight" is trainable: leave it out of options\.trainable/,
    ],
  ] as const)('rtrl of %s', (_, given, words) => {
    using other = new Model(runtime, sequential(given, { input: x, runtime: infer }));
    const error = refusal(() => createLearner(other, { algorithm: 'rtrl' }));
    expect(error.code).toBe('not-supported');
    expect(error.message).toMatch(words);
  });

  it('rtrl of an embedding that learns, but not of one that is frozen', () => {
    using text = new Model(runtime, sequential([embedding(7, 4), minGru(8), dense(7)], { runtime: infer }));
    expect(refusal(() => createLearner(text, { algorithm: 'rtrl' })).message).toContain('embedding.weight');
    using learner = createLearner(text, { algorithm: 'rtrl', trainable: ['mingru', 'dense'] });
    expect(learner.settings.loss.type).toBe('cross-entropy');
    expect(learner.learn(3, 4)).toBeGreaterThan(0);
  });

  it('rtrl of an initial state alone', () => {
    const definition = sequential([minGru(8, { learnInitial: true }), dense(2)], {
      input: x,
      runtime: infer,
    });
    using other = new Model(runtime, definition);
    const h0 = [...definition.tensors.keys()].find((name) => name.includes('h0'))!;
    const error = refusal(() => createLearner(other, { algorithm: 'rtrl', trainable: [h0, 'dense'] }));
    expect(error.message).toContain(`learns the initial state of "mingru" together with its weights only`);
    using learner = createLearner(other, { algorithm: 'rtrl', trainable: ['mingru.bias_ih_l0', 'dense'] });
    expect(learnFor(learner, 20)).toBeGreaterThan(0);
  });

  it('what goes backward through time, and what is no model', () => {
    using both = new Model(
      runtime,
      sequential([gru(4, { direction: 'both' }), dense(2)], { input: x, runtime: infer }),
    );
    expect(refusal(() => createLearner(both)).message).toMatch(
      /"gru" goes backward through time: use fineTune/,
    );
    expect(refusal(() => createLearner(minimal as never)).code).toBe('invalid-argument');
  });

  it('the snapshot of another learner', () => {
    using first = createLearner(model, { window: 4 });
    const bytes = first.snapshot();
    const others: [LearnerOptions, RegExp][] = [
      [{ window: 5 }, /window 4, and now window is 5/],
      [{ window: 4, learningRate: 0.1 }, /learningRate/],
      [{ window: 4, horizon: 2 }, /horizon 1, and now horizon is 2/],
      [{ algorithm: 'rtrl' }, /algorithm "bptt", and now algorithm is "rtrl"/],
    ];
    for (const [options, words] of others) {
      using other = createLearner(model, options);
      const error = refusal(() => other.restore(bytes));
      expect(error.code).toBe('checkpoint-mismatch');
      expect(error.message).toMatch(words);
    }
    using wide = new Model(runtime, sequential([minGru(9), dense(2)], { input: x, runtime: infer }));
    using other = createLearner(wide, { window: 4 });
    expect(refusal(() => other.restore(bytes)).code).toBe('checkpoint-mismatch');
  });

  it('a damaged snapshot, and the learner is as it was', () => {
    using learner = createLearner(model, { algorithm: 'rtrl' });
    learnFor(learner, 9);
    const bytes = learner.snapshot();
    const random = new Random(4);
    for (let trial = 0; trial < 50; trial++) {
      const cut = bytes.slice(0, random.integer(0, bytes.length));
      expect(refusal(() => learner.restore(cut)).code).toBe('invalid-checkpoint');
    }
    expect(Buffer.compare(learner.snapshot(), bytes)).toBe(0);
  });
});

describe('a learner that diverges', () => {
  it.each([
    'bptt',
    'rtrl',
  ] as const)('says so before the update, and goes on from the parameters before: %s', (algorithm) => {
    using learner = createLearner(model, { algorithm, every: 1, optimizer: 'sgd', learningRate: 0.01 });
    learnFor(learner, 5);
    const weights = () => {
      using now = learner.toModel();
      return now.fingerprint.weights;
    };
    const before = weights();
    const huge = new Float32Array(2).fill(3e38);
    const error = refusal(() => learner.learn(Float32Array.of(1, 2, 3), huge));
    expect(error.code).toBe('diverged');
    expect(error.message).toMatch(/update 6: the loss is Infinity/);
    expect(weights()).toBe(before);
    expect(learner.timesteps).toBe(0);
    expect(Number.isFinite(learnFor(learner, 5))).toBe(true);
    expect(weights()).not.toBe(before);
  });
});
