import { describe, expect, it } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import type { GraphNode, ModelDefinition } from '../../src/graph/definition.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { Model } from '../../src/session/model.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import type { TrainingData } from '../../src/train/dataset.ts';
import { DivergedError } from '../../src/train/diverged.ts';
import { initialize } from '../../src/train/initialize.ts';
import type { TrainingOptions } from '../../src/train/options.ts';
import { Training } from '../../src/train/training.ts';
import { Random } from '../reference/random.ts';
import { trainRuntime } from './cases.ts';
import { PROSE, sineData, sineModel, textModel } from './tasks.ts';

const runtime = trainRuntime('simd');
const small: TrainingOptions = { epochs: 2, batchSize: 4, unroll: 8, learningRate: 0.01, seed: 5 };

function finish(training: Training): number[] {
  const losses: number[] = [];
  while (!training.finished) losses.push(training.step().loss);
  return losses;
}

function bitsOf({ tensors }: ModelDefinition): Record<string, Uint32Array> {
  return Object.fromEntries(
    [...tensors].map(([name, { data }]) => [name, new Uint32Array(data.slice().buffer)]),
  );
}

describe('a training', () => {
  it('learns a text, and counts updates and epochs', () => {
    using training = new Training(runtime, textModel(), PROSE, { ...small, epochs: 30, validation: 0.2 });
    expect(training.updates).toBe(30 * training.updatesPerEpoch);
    const before = training.validate();
    const epochs: number[] = [];
    for (let update = 1; !training.finished; update++) {
      const step = training.step();
      expect([step.update, step.timesteps, training.update]).toEqual([update, 32, update]);
      expect(step.epoch).toBe(Math.ceil(update / training.updatesPerEpoch));
      expect(step.epochLoss !== undefined).toBe(update % training.updatesPerEpoch === 0);
      if (step.epochLoss !== undefined) epochs.push(step.epochLoss);
    }
    expect(epochs.length).toBe(30);
    expect(training.epoch).toBe(30);
    expect(epochs.at(-1)!).toBeLessThan(epochs[0]! - 0.8);
    expect(training.validate()).toBeLessThan(before - 0.5);
    expect(() => training.step()).toThrow(/all of its/);
  });

  it('learns separate sequences of values', () => {
    using training = new Training(runtime, sineModel(), sineData(), {
      ...small,
      unroll: 10,
      epochs: 30,
      validation: 0.25,
    });
    expect(training.options.loss).toEqual({ type: 'mean-squared-error' });
    const before = training.validate();
    finish(training);
    expect(training.validate()).toBeLessThan(0.2 * before);
  });

  it('leaves the definition as it was', () => {
    const definition = textModel();
    const before = bitsOf(definition);
    using training = new Training(runtime, definition, PROSE, small);
    finish(training);
    expect(bitsOf(definition)).toEqual(before);
    expect(bitsOf(training.definition())).not.toEqual(before);
  });

  const variants: readonly [string, ModelDefinition, TrainingData, TrainingOptions][] = [
    ['text', textModel(), PROSE, small],
    ['text, windows apart', textModel(), PROSE, { ...small, carryState: false }],
    ['text, dropout', textModel(), PROSE, { ...small, dropout: 0.3 }],
    ['sequences, sgd', sineModel(), sineData(), { ...small, optimizer: 'sgd', schedule: 'cosine' }],
  ];
  it.each(variants)('has the same bits on simd and scalar: %s', (_, definition, data, options) => {
    const results = (['simd', 'scalar'] as const).map((build) => {
      using training = new Training(trainRuntime(build), definition, data, options);
      return { losses: finish(training), bits: bitsOf(training.definition()) };
    });
    expect(results[1]).toEqual(results[0]);
    using other = new Training(runtime, definition, data, { ...options, seed: 6 });
    expect(finish(other)).not.toEqual(results[0]!.losses);
  });

  it('validates to the bit what a session of the model gives, and goes on as if it had not', () => {
    const validation = PROSE.slice(200, 421);
    using training = new Training(runtime, textModel(), PROSE, { ...small, dropout: 0.2, validation });
    using undisturbed = new Training(runtime, textModel(), PROSE, { ...small, dropout: 0.2 });
    for (let i = 0; i < 9; i++) training.step();
    const validated = training.validate();
    using model = new Model(runtime, training.definition());
    expect(validated).toBe(evaluateText(model.createSession(), validation).loss);
    expect(training.validate()).toBe(validated);
    finish(training);
    finish(undisturbed);
    expect(bitsOf(training.definition())).toEqual(bitsOf(undisturbed.definition()));
  });

  it('reports the loss that a session gives, window by window', () => {
    const text = PROSE.slice(0, 65);
    using training = new Training(runtime, textModel(), text, {
      batchSize: 1,
      unroll: 16,
      epochs: 1,
      optimizer: 'sgd',
      learningRate: 1e-30,
    });
    using model = new Model(runtime, training.definition());
    const session = model.createSession();
    for (let from = 0; from < 64; from += 16) {
      // f32 sums of a window against f64 sums of a stream.
      const { loss } = evaluateText(session, text.slice(from, from + 17));
      expect(training.step().loss).toBeCloseTo(loss, 6);
    }
  });

  it('trains what it is told to, by layer or by tensor', () => {
    const trained = (trainable: TrainingOptions['trainable']) => {
      const definition = textModel();
      using training = new Training(runtime, definition, PROSE, {
        ...small,
        epochs: 1,
        ...(trainable && { trainable }),
      });
      const start = bitsOf(training.definition());
      finish(training);
      const end = bitsOf(training.definition());
      return Object.keys(end).filter((name) => `${end[name]}` !== `${start[name]}`);
    };
    const lstm = ['lstm.weight_ih_l0', 'lstm.weight_hh_l0', 'lstm.bias_ih_l0'];
    expect(trained(['head']).sort()).toEqual(['head.bias', 'head.weight']);
    expect(trained(['lstm', 'embedding.weight']).sort()).toEqual(['embedding.weight', ...lstm].sort());
    expect(trained((name) => name.endsWith('bias'))).toEqual(['head.bias']);
    expect(trained(['lstm.bias_hh_l0'])).toEqual(['lstm.bias_ih_l0']);
    expect(trained(undefined).length).toBe(6);
  });

  it('is freed', () => {
    const training = new Training(runtime, textModel(), PROSE, small);
    training.dispose();
    training.dispose();
    for (const act of [
      () => training.step(),
      () => training.validate(),
      () => training.checkpoint(),
      () => training.definition(),
    ]) {
      expect(act).toThrow(expect.objectContaining({ code: 'disposed' }));
    }
    const bytes = runtime.memoryBytes;
    for (let i = 0; i < 50; i++) {
      using again = new Training(runtime, textModel(), PROSE, { ...small, validation: 0.5 });
      again.step();
      again.validate();
      again.checkpoint();
    }
    expect(runtime.memoryBytes).toBe(bytes);
  });
});

describe('divergence', () => {
  it('stops where the loss overflows, before the update', () => {
    const inputs = Float32Array.from({ length: 400 }, () => 1e19);
    const targets = new Float32Array(400);
    using training = new Training(
      runtime,
      initialize(
        { inputs: [{ name: 'x', kind: 'features', size: 1 }], layers: [{ type: 'dense', units: 1 }] },
        1,
        runtime,
      ),
      { inputs, targets },
      { ...small, optimizer: { type: 'sgd', momentum: 0 }, learningRate: 1, clipNorm: Infinity },
    );
    const error = errorOf(() => finish(training));
    expect(error.code).toBe('diverged');
    expect(error).toBeInstanceOf(RivuletError);
    expect(error.message).toMatch(
      /diverged at update \d+ of 24: the (loss|norm of the gradient) is (NaN|Infinity) .*learning rate 1\).*Lower learningRate, or set clipNorm, 1 for instance/,
    );
    expect(error.lastGood.update).toBe(0);
    expect(training.update).toBe(error.update - 1);
    expect(() => training.step()).toThrow(error);
    expect(() => training.checkpoint()).toThrow(error);
    for (const { data } of training.definition().tensors.values()) {
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  it('stops where the loss stays far above guessing, and keeps what was good', () => {
    using training = new Training(runtime, textModel(), PROSE, {
      ...small,
      epochs: 200,
      warmup: 2000,
      learningRate: 1000,
    });
    const error = errorOf(() => finish(training));
    expect(error.message).toMatch(/for 100 updates the loss has been above/);
    expect(error.message).toMatch(/set clipNorm below 1;/);
    expect(error.lastGood.update % 100).toBe(0);
    expect(error.lastGood.update).toBeLessThanOrEqual(error.update - 100);
    expect(training.healthy).toBe(false);
    using model = new Model(runtime, error.lastGood.definition);
    expect(evaluateText(model.createSession(), PROSE).loss).toBeLessThan(error.loss);
  });

  function errorOf(act: () => unknown): DivergedError {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(DivergedError);
      return error as DivergedError;
    }
    throw new Error('nothing was thrown');
  }
});

describe('refusals', () => {
  const any = (value: unknown) => value as never;
  const cases: readonly [string, TrainingOptions, RegExp][] = [
    ['an unknown option', any({ batch: 3 }), /unknown field "batch"; known are .*batchSize/],
    ['epochs', { epochs: 0 }, /epochs must be an integer of at least 1, got 0/],
    ['batchSize', { batchSize: 1.5 }, /batchSize.*got 1\.5/],
    ['unroll', { unroll: Number.NaN }, /unroll.*NaN/],
    ['carryState', any({ carryState: 1 }), /carryState/],
    ['loss', any({ loss: 'mae' }), /loss must be one of cross-entropy, .*huber, ctc, got "mae"/],
    ['optimizer', any({ optimizer: 'lion' }), /optimizer.*one of adam, adamw, rmsprop, sgd, got "lion"/],
    ['an option of the optimizer', any({ optimizer: { type: 'sgd', beta1: 0 } }), /unknown field "beta1"/],
    ['beta2', { optimizer: { type: 'adam', beta2: 1 } }, /beta2.*below 1, got 1/],
    ['learningRate', { learningRate: 0 }, /learningRate must be a number above 0, got 0/],
    [
      'nesterov without momentum',
      { optimizer: { type: 'sgd', momentum: 0, nesterov: true } },
      /optimizer: nesterov needs a momentum above 0, got 0/,
    ],
    ['alpha', { optimizer: { type: 'rmsprop', alpha: 1 } }, /optimizer: alpha.*below 1, got 1/],
    ['schedule', any({ schedule: 'poly' }), /one of constant, linear, cosine, step, plateau, got "poly"/],
    ['a step of nothing', any({ schedule: 'step' }), /schedule: every must be an integer of at least 1/],
    ['a factor', { schedule: { type: 'step', every: 1, factor: 1 } }, /schedule: factor.*below 1, got 1/],
    [
      'a plateau of what',
      { schedule: { type: 'plateau' } },
      /schedule "plateau" follows the validation loss/,
    ],
    [
      'earlyStopping',
      any({ validation: 0.5, earlyStopping: 3 }),
      /earlyStopping": expected an object, got 3/,
    ],
    [
      'patience',
      { validation: 0.5, earlyStopping: { patience: 0 } },
      /earlyStopping.*patience.*least 1, got 0/,
    ],
    ['stopping by what', { earlyStopping: {} }, /earlyStopping follows the validation loss: give validation/],
    ['keep', any({ keep: 'first' }), /keep.*one of last, best, got "first"/],
    ['the best by what', { keep: 'best' }, /keep "best" follows the validation loss: give validation/],
    ['clipValue', { clipValue: 0 }, /clipValue must be a number above 0, got 0/],
    [
      'dropout somewhere',
      any({ dropout: { hidden: 0.1 } }),
      /dropout: unknown field "hidden"; known are inputs/,
    ],
    ['dropout of outputs', { dropout: { outputs: 1 } }, /dropout: outputs .*from 0 to 0\.9, got 1/],
    ['warmup', { ...small, warmup: 1000 }, /warmup 1000 must be fewer updates than the \d+ of/],
    ['clipNorm', { clipNorm: -1 }, /clipNorm/],
    ['dropout', { dropout: 0.95 }, /from 0 to 0\.9, got 0\.95/],
    [
      'trainable',
      { trainable: ['lstm', 'haed'] },
      /"haed".*layers are "embedding", "lstm", "head".*"head\.bias"/,
    ],
    ['nothing to train', { trainable: () => false }, /leaves nothing to train/],
    ['validation', { validation: 1 }, /above 0 and below 1, got 1/],
    ['seed', { seed: -1 }, /seed/],
    ['a loss for other targets', { loss: 'mean-squared-error' }, /takes targets in a Float32Array/],
    ['a batch larger than the data', { batchSize: 999 }, /use at most batchSize/],
  ];
  it.each(cases)('%s', (_, options, words) => {
    expect(() => new Training(runtime, textModel(), PROSE, options)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(words) }),
    );
  });

  it('validation data are checked and named', () => {
    expect(() => new Training(runtime, textModel(), PROSE, { validation: '' })).toThrow(
      /^validation: .*got 0/,
    );
    using training = new Training(runtime, textModel(), PROSE, small);
    expect(() => training.validate()).toThrow(/nothing to validate on/);
  });

  const { graph, tensors, tokenizer } = textModel();
  const change = (change: (node: GraphNode) => GraphNode): ModelDefinition => ({
    graph: { ...graph, nodes: graph.nodes.map(change) },
    tensors: new Map(tensors),
    tokenizer: tokenizer!,
  });
  const models: readonly [string, ModelDefinition, string, RegExp][] = [
    [
      'a softmax for logits',
      change((node) => (node.type === 'dense' ? { ...node, activation: 'softmax' } : node)),
      'invalid-argument',
      /takes logits, and output "logits" is a softmax/,
    ],
    ['a tensor of two nodes', sharedBias(), 'not-supported', /"lstm\.bias_ih_l0" serves "lstm" and "lstm"/],
    [
      'int8 weights',
      quantize(textModel(), { weights: 'int8' }).definition,
      'invalid-argument',
      /"\w+\.\w+" is int8.*as fineTune does/,
    ],
    [
      'two outputs',
      { ...textModel(), graph: { ...graph, outputs: [...graph.outputs, { name: 'h', from: 'lstm' }] } },
      'not-supported',
      /one input and one output; this one has 1 and 2/,
    ],
  ];
  it.each(models)('%s', (_, definition, code, words) => {
    expect(() => new Training(runtime, definition, PROSE, small)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) }),
    );
  });

  function sharedBias(): ModelDefinition {
    const definition = change((node) =>
      node.type === 'lstm' ? { ...node, tensors: { ...node.tensors, bias_hh: 'lstm.bias_ih_l0' } } : node,
    );
    (definition.tensors as Map<string, unknown>).delete('lstm.bias_hh_l0');
    return definition;
  }

  it('memory is as it was', () => {
    const random = new Random(1);
    const bytes = runtime.memoryBytes;
    for (let i = 0; i < 100; i++) {
      expect(() => new Training(runtime, textModel(), PROSE, random.pick(cases)[1])).toThrow();
    }
    expect(runtime.memoryBytes).toBe(bytes);
  });
});
