import { describe, expect, it } from 'vitest';
import { convert, toOnnx } from '../../../src/convert/index.ts';
import { parseModelFile, serializeModel } from '../../../src/formats/model-file.ts';
import {
  createLearner,
  dense,
  embedding,
  fineTune,
  gru,
  input,
  loadModelSync,
  type ModelDefinition,
  measureScaling,
  normalize,
  quantize,
  type Runtime,
  sequential,
  Training,
  type TrainingOptions,
} from '../../../src/index.ts';
import { takeOff } from '../../../src/train/normalization/graph.ts';
import { Random } from '../../reference/random.ts';
import { testRuntime } from '../../runtime.ts';
import { bits, trainRuntime } from '../cases.ts';

const runtime = trainRuntime('simd');
const options: TrainingOptions = { epochs: 3, batchSize: 2, unroll: 8, learningRate: 0.01, seed: 4 };

/** Kelvin and pascal in, a voltage out: nothing of the size that a GRU likes. */
function rawSeries(timesteps: number, offset = 0) {
  const random = new Random(9);
  const inputs = new Float32Array(2 * timesteps);
  const targets = new Float32Array(timesteps);
  for (let t = 0; t < timesteps; t++) {
    const wave = Math.sin(t / 3) + random.uniforms(1, -0.1, 0.1)[0]!;
    inputs.set([300 + offset + 10 * wave, 101_325 + 500 * random.uniforms(1, -1, 1)[0]!], 2 * t);
    targets[t] = 0.02 + 0.001 * Math.sin((t + 1) / 3);
  }
  return { inputs, targets, timesteps };
}

const bareModel = (runtimeOf: Runtime = runtime) =>
  sequential([gru(6), dense(1)], { input: input('x', 2), runtime: runtimeOf, seed: 2 });

const scalings = {
  inputs: { center: [300, 101_325], scale: [10, 500] },
  targets: { center: [0.02], scale: [0.001] },
};

/** What the graph does, by hand: float32 after each operation. */
function scaled(values: Float32Array, { center, scale }: typeof scalings.inputs): Float32Array {
  const weight = scale.map((s) => Math.fround(1 / s));
  const bias = center.map((c, i) => Math.fround(-c * weight[i]!));
  return values.map((x, i) => Math.fround(Math.fround(x * weight[i % 2]!) + bias[i % 2]!));
}

function weightsOf({ tensors }: ModelDefinition): Record<string, Uint32Array> {
  return Object.fromEntries([...tensors].map(([name, { data }]) => [name, bits(data as Float32Array)]));
}

function load(definition: ModelDefinition, on = runtime) {
  return loadModelSync(serializeModel(definition), { runtime: on });
}

const affineNames = [
  'x.normalize.weight',
  'x.normalize.bias',
  'output.denormalize.weight',
  'output.denormalize.bias',
];

describe('statistics', () => {
  // Python: statistics.fmean and statistics.pstdev, which add exactly.
  const values = Float32Array.of(1.5, 1000000.5, 2, 1000001, 100000.25, 1000000.25, -3, 1000002);

  it('are mean and standard deviation, of each value of a vector', () => {
    const { center, scale, constant } = measureScaling(values, 2);
    expect(center[0]).toBeCloseTo(25000.1875, 10);
    expect(center[1]).toBeCloseTo(1000000.9375, 9);
    expect(scale[0]! / 43301.30631739611).toBeCloseTo(1, 14);
    expect(scale[1]! / 0.6702378309227255).toBeCloseTo(1, 12);
    expect(constant).toEqual([]);
  });

  it('are least and range with min-max, over several sequences too', () => {
    const expected = { center: [-3, 1000000.25], scale: [100003.25, 1.75], constant: [] };
    expect(measureScaling(values, 2, 'min-max')).toEqual(expected);
    const sequences = [values.subarray(0, 2), new Float32Array(0), values.subarray(2)];
    expect(measureScaling(sequences, 2, 'min-max')).toEqual(expected);
    expect(measureScaling(sequences, 2)).toEqual(measureScaling(values, 2));
  });

  it('have the scale 1 where nothing changes, and say so', () => {
    for (const method of ['standard', 'min-max'] as const) {
      const constant = Float32Array.from({ length: 21 }, (_, i) => (i % 3 === 1 ? i : 0.1));
      const measured = measureScaling(constant, 3, method);
      expect(measured.constant).toEqual([0, 2]);
      expect([measured.scale[0], measured.scale[2]]).toEqual([1, 1]);
      expect(measured.center[0]).toBe(Math.fround(0.1));
    }
  });

  it.each([
    ['NaN', [1, 2, 3, Number.NaN], 2, 'non-finite-input', /NaN at index 1 of timestep 1/],
    ['half a timestep', [1, 2, 3], 2, 'wrong-length', /multiple of 2/],
    ['nothing', [], 2, 'empty-data', /got none/],
    ['no size', [1], 0, 'invalid-argument', /size/],
  ] as const)('are not those of %s', (_, list, size, code, words) => {
    expect(() => measureScaling(Float32Array.from(list), size)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) }),
    );
  });
});

describe('a normalized model', () => {
  const { inputs, timesteps } = rawSeries(20);
  const normalized = normalize(bareModel(), scalings);
  const outputs = load(normalized).createSession().run(inputs, { timesteps });

  it('reads and gives raw values: the bare one with the arithmetic done by hand, bit for bit', () => {
    const bare = load(bareModel()).createSession();
    const expected = bare
      .run(scaled(inputs, scalings.inputs), { timesteps })
      .map((y) => Math.fround(y * Math.fround(0.001)) + Math.fround(0.02));
    expect(bits(outputs)).toEqual(bits(expected));
    expect(Math.abs(outputs[0]! - 0.02)).toBeLessThan(0.01);
  });

  it('steps, snapshots and goes on as any other, on both builds and from its file', () => {
    for (const on of [runtime, testRuntime('scalar')]) {
      const model = load(parseModelFile(serializeModel(normalized)), on);
      const session = model.createSession();
      const steps: number[] = [];
      for (let t = 0; t < 10; t++) steps.push(session.step(inputs.subarray(2 * t, 2 * t + 2))[0]!);
      const other = model.createSession({ state: session.snapshot() });
      steps.push(...other.run(inputs.subarray(20), { timesteps: 10 }));
      expect(bits(Float32Array.from(steps))).toEqual(bits(outputs));
    }
  });

  it('becomes int8 but for its normalization', () => {
    const { model } = quantize(load(normalized), { weights: 'int8' });
    const small = model.createSession().run(inputs, { timesteps });
    // The model's own output is about 1; in volts a thousandth of it.
    small.forEach((y, t) => {
      expect(Math.abs(y - outputs[t]!)).toBeLessThan(0.001 * 0.03);
    });
    const { tensors } = parseModelFile(model.toBytes());
    for (const name of affineNames) expect(tensors.get(name)?.dtype).toBe('F32');
  });

  it('goes through ONNX and back', async () => {
    const { definition } = await convert(toOnnx(normalized));
    const back = load(definition).createSession().run(inputs, { timesteps });
    back.forEach((y, t) => {
      expect(Math.abs(y - outputs[t]!)).toBeLessThan(1e-6 * 0.02);
    });
  });

  it('comes apart again', () => {
    const { definition, normalization } = takeOff(normalized);
    expect(definition).toEqual(bareModel());
    expect(Object.keys(normalization)).toEqual(['input', 'output']);
    expect(takeOff(bareModel())).toEqual({ definition: bareModel(), normalization: {} });
  });

  it('may have one side only', () => {
    const { inputs: ofInputs, targets: ofTargets } = scalings;
    for (const part of [{ inputs: ofInputs }, { targets: ofTargets }]) {
      expect(takeOff(normalize(bareModel(), part)).definition).toEqual(bareModel());
    }
    expect(normalize(bareModel(), {})).toEqual(bareModel());
  });

  const withMetadata = (normalization: string) => ({ ...normalized, metadata: { normalization } });
  const tokens = () => sequential([embedding(4, 2), dense(4)], { runtime });
  const refusals: readonly [string, () => unknown, string, RegExp][] = [
    ['a second normalization', () => normalize(normalized, scalings), 'invalid-argument', /already/],
    [
      'a scale of tokens',
      () => normalize(tokens(), { inputs: { center: [0], scale: [1] } }),
      'not-supported',
      /tokens/,
    ],
    [
      'too few numbers',
      () => normalize(bareModel(), { inputs: { center: [1], scale: [1, 1] } }),
      'wrong-length',
      /inputs: expected 2 numbers as center, got 1/,
    ],
    [
      'a scale of 0',
      () => normalize(bareModel(), { targets: { center: [1], scale: [0] } }),
      'invalid-argument',
      /targets: scale must be finite and above 0, got 0/,
    ],
    [
      'NaN',
      () => normalize(bareModel(), { targets: { center: [Number.NaN], scale: [1] } }),
      'invalid-argument',
      /center must be finite, got NaN/,
    ],
    [
      'a scale beyond float32',
      () => normalize(bareModel(), { targets: { center: [1], scale: [1e-60] } }),
      'invalid-argument',
      /float32 cannot hold its scale/,
    ],
    [
      'metadata that are no JSON',
      () => takeOff(withMetadata('{')),
      'invalid-graph',
      /metadata "normalization"/,
    ],
    [
      'metadata of another node',
      () => takeOff(withMetadata('{"input": "gru"}')),
      'invalid-graph',
      /"gru", which is no affine/,
    ],
    [
      'metadata of a node that is not there',
      () => takeOff(withMetadata('{"input": "z"}')),
      'invalid-graph',
      /"z"/,
    ],
    [
      'nodes at other places',
      () => takeOff(withMetadata('{"input": "output.denormalize"}')),
      'invalid-graph',
      /do not stand between/,
    ],
  ];
  it.each(refusals)('refuses %s', (_, act, code, words) => {
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }));
  });
});

describe('training with normalization', () => {
  const data = rawSeries(64);

  it('is training on normalized data, bit for bit, and puts the nodes around the result', () => {
    using training = new Training(runtime, bareModel(), data, { ...options, normalization: scalings });
    const targets = data.targets.map((y) => (y - Math.fround(0.02)) / Math.fround(0.001));
    const byHand = { inputs: scaled(data.inputs, scalings.inputs), targets };
    using bare = new Training(runtime, bareModel(), byHand, options);
    while (!bare.finished) expect(training.step()).toEqual(bare.step());
    const trained = training.definition();
    expect(weightsOf(takeOff(trained).definition)).toEqual(weightsOf(bare.definition()));
    expect(weightsOf(trained)).toMatchObject(
      Object.fromEntries(
        Object.entries(weightsOf(normalize(bareModel(), scalings))).filter(([name]) =>
          affineNames.includes(name),
        ),
      ),
    );
  });

  it.each([
    'standard',
    'min-max',
  ] as const)('measures %s on the part that is learnt from alone', (normalization) => {
    const train = rawSeries(64);
    const validation = rawSeries(64, 1000);
    const both = {
      inputs: Float32Array.of(...train.inputs, ...validation.inputs),
      targets: Float32Array.of(...train.targets, ...validation.targets),
    };
    using apart = new Training(runtime, bareModel(), train, { ...options, normalization, validation });
    using split = new Training(runtime, bareModel(), both, { ...options, normalization, validation: 0.5 });
    expect(weightsOf(split.definition())).toEqual(weightsOf(apart.definition()));
    const { weight, bias } = takeOff(apart.definition()).normalization.output!;
    const { center, scale } = measureScaling(train.targets, 1, normalization);
    expect([weight[0], bias[0]]).toEqual([Math.fround(scale[0]!), Math.fround(center[0]!)]);
    expect(split.validate()).toBe(apart.validate());
  });

  it.each([
    ['mean-absolute-error', ['input', 'output']],
    ['huber', ['input', 'output']],
    ['binary-cross-entropy', ['input']],
  ] as const)('with loss %s normalizes %j', (loss, sides) => {
    using training = new Training(runtime, bareModel(), data, {
      ...options,
      loss,
      normalization: 'standard',
    });
    expect(Object.keys(takeOff(training.definition()).normalization)).toEqual(sides);
  });

  it('of sequences of classes normalizes what is read, and tokens not at all', () => {
    const classes = sequential([gru(6), dense(3)], { input: input('x', 2), runtime });
    const list = [{ inputs: data.inputs, targets: Uint32Array.from(data.targets, (_, t) => t % 3) }];
    using training = new Training(runtime, classes, list, {
      ...options,
      batchSize: 1,
      normalization: 'standard',
    });
    expect(Object.keys(takeOff(training.definition()).normalization)).toEqual(['input']);
    const tokens = sequential([embedding(4, 2), dense(4)], { runtime });
    using text = new Training(
      runtime,
      tokens,
      Uint32Array.from({ length: 40 }, (_, i) => i % 4),
      {
        ...options,
        normalization: 'standard',
      },
    );
    expect(text.definition().metadata).toBeUndefined();
  });

  it('fine-tunes the result again, in its normalized units, and leaves the nodes as they are', async () => {
    using first = new Training(runtime, bareModel(), data, { ...options, normalization: 'standard' });
    while (!first.finished) first.step();
    const model = load(first.definition());
    const { model: tuned, history } = await fineTune(model, rawSeries(64, 5), { ...options, epochs: 20 });
    // Of targets with variance 1.
    expect(history[0]!.loss).toBeLessThan(3);
    expect(history.at(-1)!.loss).toBeLessThan(0.7 * history[0]!.loss);
    const [before, after] = [model, tuned].map((one) => weightsOf(parseModelFile(one.toBytes())));
    for (const name of affineNames) expect(after![name]).toEqual(before![name]);
    expect(after!['gru.weight_ih_l0']).not.toEqual(before!['gru.weight_ih_l0']);
    const raw = tuned.createSession().run(data.inputs, { timesteps: 64 });
    expect(Math.max(...raw)).toBeLessThan(0.03);
    expect(Math.min(...raw)).toBeGreaterThan(0.01);
  });

  it('stays as it is in a learner too', () => {
    const model = load(normalize(bareModel(), scalings));
    using learner = createLearner(model, { window: 4 });
    for (let t = 0; t < 20; t++) {
      learner.learn(data.inputs.subarray(2 * t, 2 * t + 2), data.targets.subarray(t, t + 1));
    }
    const [before, after] = [model, learner.toModel()].map((one) => weightsOf(parseModelFile(one.toBytes())));
    for (const name of affineNames) expect(after![name]).toEqual(before![name]);
    expect(after!['gru.weight_hh_l0']).not.toEqual(before!['gru.weight_hh_l0']);
  });

  it('keeps an int8 model int8 and normalized', async () => {
    const { model } = quantize(load(normalize(bareModel(), scalings)), { weights: 'int8' });
    const { model: tuned } = await fineTune(model, data, options);
    const { definition, normalization } = takeOff(parseModelFile(tuned.toBytes()));
    expect(definition.tensors.get('dense.weight')?.dtype).toBe('I8');
    expect(normalization.output!.bias[0]).toBe(Math.fround(0.02));
  });

  it('is resumed to the same bits, and not with another normalization', () => {
    const make = (normalization: TrainingOptions['normalization']) => ({
      ...options,
      ...(normalization && { normalization }),
    });
    using whole = new Training(runtime, bareModel(), data, make('standard'));
    let checkpoint: Uint8Array | undefined;
    while (!whole.finished) {
      whole.step();
      if (whole.update === 5) checkpoint = whole.checkpoint();
    }
    using rest = Training.resume(runtime, bareModel(), data, make('standard'), checkpoint!);
    while (!rest.finished) rest.step();
    expect(weightsOf(rest.definition())).toEqual(weightsOf(whole.definition()));
    for (const other of [undefined, 'min-max', scalings] as const) {
      expect(() => Training.resume(runtime, bareModel(), data, make(other), checkpoint!)).toThrow(
        expect.objectContaining({ code: 'checkpoint-mismatch' }),
      );
    }
  });

  it('is outside of an adapter, which fits the normalized model', async () => {
    const model = load(normalize(bareModel(), scalings));
    const adapted = await fineTune(model, data, { ...options, adapters: { rank: 2 } });
    const shared = loadModelSync(model.toBytes(), { runtime, adapters: { rank: 2 } });
    const session = shared.createSession({ adapter: adapted.adapter! });
    const expected = adapted.model.createSession().run(data.inputs, { timesteps: 64 });
    session.run(data.inputs, { timesteps: 64 }).forEach((y, t) => {
      expect(Math.abs(y - expected[t]!)).toBeLessThan(0.001 * 1e-4);
    });
    expect(expected).not.toEqual(model.createSession().run(data.inputs, { timesteps: 64 }));
  });

  it('has a head and biases that are those of the model within', () => {
    const model = load(normalize(bareModel(), scalings));
    using learner = createLearner(model, { window: 4, trainable: 'head' });
    expect(learner.settings.trainable).toEqual(['dense.bias', 'dense.weight']);
    using training = new Training(runtime, normalize(bareModel(), scalings), data, { trainable: 'head' });
    expect(training.options.trainable).toEqual(['dense.bias', 'dense.weight']);
  });

  const tokens = () => sequential([embedding(4, 2), dense(4)], { runtime });
  const any = (value: unknown) => value as never;
  const refusals: readonly [string, () => Training, string, RegExp][] = [
    [
      'the option for a model that has one',
      () => new Training(runtime, normalize(bareModel(), scalings), data, { normalization: 'standard' }),
      'invalid-argument',
      /has a normalization already/,
    ],
    [
      'another method',
      () => new Training(runtime, bareModel(), data, { normalization: any('robust') }),
      'invalid-argument',
      /normalization must be one of standard, min-max/,
    ],
    [
      'another side',
      () => new Training(runtime, bareModel(), data, { normalization: any({ outputs: 'standard' }) }),
      'invalid-argument',
      /unknown field "outputs"/,
    ],
    [
      'text for numbers',
      () =>
        new Training(runtime, bareModel(), data, {
          normalization: any({ inputs: { center: ['1', 2], scale: [1, 1] } }),
        }),
      'invalid-argument',
      /center must be an array of numbers/,
    ],
    [
      'a scale of tokens',
      () =>
        new Training(runtime, tokens(), Uint32Array.of(0, 1, 2, 3), {
          normalization: { inputs: 'standard' },
        }),
      'invalid-argument',
      /inputs are tokens/,
    ],
    [
      'a scale of classes',
      () =>
        new Training(runtime, tokens(), Uint32Array.of(0, 1, 2, 3), {
          normalization: { targets: 'standard' },
        }),
      'invalid-argument',
      /targets are no values of a regression/,
    ],
    [
      'classes for a normalized output',
      () =>
        new Training(runtime, normalize(bareModel(), scalings), { ...data, targets: new Uint32Array(64) }),
      'invalid-argument',
      /loss "cross-entropy" is not for a model with a normalized output/,
    ],
    [
      'an adapter beside the option',
      () => new Training(runtime, bareModel(), data, { normalization: 'standard', adapters: { rank: 1 } }),
      'invalid-argument',
      /which would have no normalization/,
    ],
    [
      'a trainable node of it',
      () => new Training(runtime, normalize(bareModel(), scalings), data, { trainable: ['x.normalize'] }),
      'invalid-argument',
      /no layer with weights/,
    ],
  ];
  it.each(refusals)('refuses %s', (_, act, code, words) => {
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }));
  });
});
