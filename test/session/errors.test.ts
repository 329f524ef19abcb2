import { describe, expect, it } from 'vitest';
import { RivuletError, type RivuletErrorCode } from '../../src/errors.ts';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { createRuntime, createRuntimeSync } from '../../src/runtime/create.ts';
import { loadModel, loadModelSync } from '../../src/session/load.ts';
import { Model } from '../../src/session/model.ts';
import { quantize } from '../../src/session/quantize.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { type GenerateOptions, generateText } from '../../src/text/generate.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';

const runtime = testRuntime();
const features = new Model(runtime, randomModel({ cell: 'lstm', input: 3, hidden: 5, depth: 1, seed: 1 }));
const tokens = new Model(runtime, {
  ...randomModel({ cell: 'gru-after', input: 4, hidden: 6, depth: 1, vocabulary: 4, output: 4, seed: 2 }),
  tokenizer: { type: 'characters', vocabulary: ['a', 'b', 'c', 'd'] },
});
const finite = new Float32Array([1, 2, 3]);
const finite5 = new Float32Array([1, 2, 3, 4, 5]);
const six = new Float32Array([1, 2, 3, 4, 5, 6]);
const model = features.definition;
const weight = 'rnn.weight_ih_l0';

function withTensor(name: string, change: (tensor: Tensor) => Tensor | undefined): ModelDefinition {
  const tensors = new Map(model.tensors);
  const changed = change(tensors.get(name)!);
  if (changed) tensors.set(name, changed);
  else tensors.delete(name);
  return { ...model, tensors };
}

function withWeight(value: number): ModelDefinition {
  return withTensor(weight, (tensor) => ({
    ...tensor,
    dtype: 'F32',
    data: Float32Array.from(tensor.data).fill(value, 7, 8),
  }));
}

const any = (value: unknown) => value as never;

/** What is refused, how, and the words that the sentence must hold. */
const cases: readonly [string, () => unknown, RivuletErrorCode, RegExp][] = [
  [
    'step: too short',
    () => features.createSession().step(new Float32Array(2)),
    'wrong-length',
    /"input".*length 3.*length 2/,
  ],
  [
    'step: too long',
    () => features.createSession().step(new Float32Array(4)),
    'wrong-length',
    /length 3.*length 4/,
  ],
  [
    'step: a plain array',
    () => features.createSession().step(any([1, 2, 3])),
    'invalid-argument',
    /Float32Array.*array of length 3/,
  ],
  [
    'step: Float64Array',
    () => features.createSession().step(any(new Float64Array(3))),
    'invalid-argument',
    /Float64Array/,
  ],
  [
    'step: a number for features',
    () => features.createSession().step(1),
    'invalid-argument',
    /Float32Array.*got 1/,
  ],
  ['step: nothing', () => features.createSession().step(any(undefined)), 'invalid-argument', /undefined/],
  [
    'step: NaN',
    () => features.createSession().step(new Float32Array([1, Number.NaN, 3])),
    'non-finite-input',
    /"input".*index 1/,
  ],
  [
    'step: infinity',
    () => features.createSession().step(new Float32Array([1, 2, -Infinity])),
    'non-finite-input',
    /index 2/,
  ],
  [
    'step: out too short',
    () => features.createSession().step(finite, new Float32Array(4)),
    'wrong-length',
    /out.*5.*4/,
  ],
  [
    'step: out of another kind',
    () => features.createSession().step(finite, any(new Float64Array(5))),
    'invalid-argument',
    /out.*Float64Array/,
  ],
  ['step: token too large', () => tokens.createSession().step(4), 'token-out-of-range', /0 … 3.*got 4/],
  ['step: token negative', () => tokens.createSession().step(-1), 'token-out-of-range', /got -1/],
  ['step: token fractional', () => tokens.createSession().step(1.5), 'token-out-of-range', /got 1.5/],
  ['step: token NaN', () => tokens.createSession().step(Number.NaN), 'token-out-of-range', /NaN/],
  [
    'step: features for tokens',
    () => tokens.createSession().step(new Float32Array(1)),
    'token-out-of-range',
    /Float32Array/,
  ],
  [
    'step: two tokens',
    () => tokens.createSession().step(new Uint32Array(2)),
    'token-out-of-range',
    /Uint32Array of length 2/,
  ],
  [
    'stepNamed: unknown input',
    () => features.createSession().stepNamed({ x: finite }, {}),
    'invalid-argument',
    /"x".*input/,
  ],
  [
    'stepNamed: missing input',
    () => features.createSession().stepNamed({}, {}),
    'invalid-argument',
    /"input" is missing/,
  ],
  [
    'stepNamed: unknown output',
    () => features.createSession().stepNamed({ input: finite }, { y: finite }),
    'invalid-argument',
    /"y".*output/,
  ],
  ['stepNamed: nothing', () => features.createSession().stepNamed(any(null), {}), 'invalid-argument', /null/],
  [
    'process: output too short',
    () => features.createSession().process(new Float32Array(6), new Float32Array(9), 2),
    'wrong-length',
    /output.*10.*9/,
  ],
  [
    'process: input too short',
    () => features.createSession().process(new Float32Array(5), new Float32Array(10), 2),
    'wrong-length',
    /input.*6.*5/,
  ],
  [
    'process: NaN',
    () =>
      features
        .createSession()
        .process(new Float32Array([0, 0, 0, 0, 0, Number.NaN]), new Float32Array(10), 2),
    'non-finite-input',
    /index 2 of timestep 1/,
  ],
  [
    'process: timesteps',
    () => features.createSession().process(finite, new Float32Array(5), -1),
    'invalid-argument',
    /timesteps.*-1/,
  ],
  [
    'process: tokens',
    () => tokens.createSession().process(finite, new Float32Array(4), 1),
    'not-supported',
    /tokens/,
  ],
  [
    'run: not a multiple',
    () => features.createSession().run(new Float32Array(4)),
    'wrong-length',
    /multiple of 3.*length 4/,
  ],
  [
    'run: too few',
    () => features.createSession().run(finite, { timesteps: 2 }),
    'wrong-length',
    /2 timesteps need 6.*length 3/,
  ],
  [
    'run: no lengths',
    () => features.createSession().run(finite, { lengths: any(1) }),
    'invalid-argument',
    /lengths.*one per row, got 1/,
  ],
  [
    'run: too many lengths',
    () => pair().run(six, { lengths: [1, 1, 1] }),
    'wrong-length',
    /2 lengths, one per row, got 3/,
  ],
  ['run: length 0', () => pair().run(six, { lengths: [1, 0] }), 'invalid-argument', /row 1 is 0/],
  [
    'run: length beyond the sequence',
    () => pair().run(six, { lengths: new Uint32Array([1, 2]) }),
    'wrong-length',
    /row 1 is 2.*1 timesteps/,
  ],
  ['run: length 1.5', () => pair().run(six, { lengths: [1.5, 1] }), 'invalid-argument', /row 0.*got 1.5/],
  ['run: length -1', () => pair().run(six, { lengths: [1, -1] }), 'invalid-argument', /row 1.*1 … 1, got -1/],
  [
    'run: not a multiple of the batch',
    () => pair().run(new Float32Array(9)),
    'wrong-length',
    /multiple of 6.*2 rows.*length 9/,
  ],
  [
    'run: NaN in a row',
    () => pair().run(Float32Array.from({ length: 600 }, (_, i) => (i === 6 * 80 + 4 ? Number.NaN : 0))),
    'non-finite-input',
    /index 1 of row 1, timestep 80;/,
  ],
  [
    'run: token in a row',
    () => tokens.createSession({ batchSize: 3 }).run([0, 1, 2, 3, 0, 4]),
    'token-out-of-range',
    /got 4 at row 2, timestep 1;/,
  ],
  [
    'run: NaN late',
    () =>
      features
        .createSession()
        .run(Float32Array.from({ length: 300 }, (_, i) => (i === 290 ? Number.NaN : 0))),
    'non-finite-input',
    /index 2 of timestep 96/,
  ],
  [
    'run: token late',
    () => tokens.createSession().run(Uint32Array.from({ length: 100 }, (_, i) => (i === 99 ? 7 : 0))),
    'token-out-of-range',
    /got 7 at timestep 99/,
  ],
  [
    'run: out too short',
    () => features.createSession().run(finite, { out: new Float32Array(4) }),
    'wrong-length',
    /out.*5.*4/,
  ],
  [
    'createSession: batch of none',
    () => features.createSession({ batchSize: 0 }),
    'invalid-argument',
    /got 0/,
  ],
  [
    'createSession: half a batch',
    () => features.createSession({ batchSize: 1.5 }),
    'invalid-argument',
    /got 1.5/,
  ],
  [
    'createSession: larger than memory can be',
    () => features.createSession({ batchSize: 2 ** 30 }),
    'out-of-memory',
    /batchSize 1073741824.*split/,
  ],
  ['step: a row missing', () => pair().step(finite), 'wrong-length', /"input".*length 6.*length 3/],
  ['step: room for one row', () => pair().step(six, new Float32Array(9)), 'wrong-length', /out.*10.*9/],
  [
    'step: NaN in a row',
    () => pair().step(new Float32Array([1, 2, 3, 4, Infinity, 6])),
    'non-finite-input',
    /index 1 of row 1;/,
  ],
  [
    'step: one token for two rows',
    () => tokens.createSession({ batchSize: 2 }).step(1),
    'invalid-argument',
    /Uint32Array of 2 tokens.*got 1/,
  ],
  [
    'step: a token too few',
    () => tokens.createSession({ batchSize: 2 }).step(new Uint32Array(1)),
    'wrong-length',
    /2 tokens.*got 1/,
  ],
  [
    'step: token of a row',
    () => tokens.createSession({ batchSize: 2 }).step(new Uint32Array([0, 9])),
    'token-out-of-range',
    /got 9 at row 1;/,
  ],
  [
    'process: NaN in a row',
    () => pair().process(new Float32Array([...six, 0, 0, 0, Number.NaN, 0, 0]), new Float32Array(20), 2),
    'non-finite-input',
    /index 0 of row 1, timestep 1;/,
  ],
  [
    'removeRow: the only one',
    () => features.createSession().removeRow(0),
    'invalid-argument',
    /at least one/,
  ],
  ['removeRow: none', () => pair().removeRow(2), 'invalid-argument', /row 2.*rows 0 … 1/],
  ['reset: row', () => features.createSession().reset({ row: 1 }), 'invalid-argument', /row 1.*one row, 0/],
  ['reset: half a row', () => pair().reset({ row: 0.5 }), 'invalid-argument', /row 0.5/],
  ['snapshot: row', () => pair().snapshot({ row: -1 }), 'invalid-argument', /row -1/],
  ['snapshot: a whole batch', () => pair().snapshot(), 'invalid-argument', /2 rows: pass \{ row \}/],
  ['restore: row', () => pair().restore(new Uint8Array(64), { row: 2 }), 'invalid-argument', /row 2/],
  [
    'getState: a whole batch',
    () => pair().getState('rnn.l0.h'),
    'invalid-argument',
    /getState: .* 2 rows: pass \{ row \}/,
  ],
  ['setState: row', () => pair().setState('rnn.l0.h', finite5, { row: 3 }), 'invalid-argument', /row 3/],
  ['encode: no encoder', () => features.createSession().encode(finite), 'invalid-argument', /use run/],
  [
    'getState: unknown',
    () => features.createSession().getState('x'),
    'invalid-argument',
    /"x".*rnn\.l0\.h, rnn\.l0\.c/,
  ],
  [
    'setState: wrong length',
    () => features.createSession().setState('rnn.l0.h', finite),
    'wrong-length',
    /length 5.*length 3/,
  ],
  [
    'setState: NaN',
    () => features.createSession().setState('rnn.l0.h', new Float32Array(5).fill(Number.NaN)),
    'non-finite-input',
    /index 0/,
  ],
  [
    'restore: no snapshot',
    () => features.createSession().restore(new Uint8Array(64)),
    'invalid-snapshot',
    /RVSN/,
  ],
  [
    'restore: empty',
    () => features.createSession().restore(new Uint8Array(0)),
    'invalid-snapshot',
    /32 bytes, got 0/,
  ],
  [
    'restore: a string',
    () => features.createSession().restore(any('RVSN')),
    'invalid-argument',
    /Uint8Array/,
  ],
  [
    'restore: another model',
    () => features.createSession().restore(tokens.createSession().snapshot()),
    'snapshot-mismatch',
    /shape/,
  ],
  [
    'restore: other weights',
    () => features.createSession({ state: other().createSession().snapshot() }),
    'snapshot-mismatch',
    /allowOtherWeights/,
  ],
  [
    'model: NaN weight',
    () => new Model(runtime, withWeight(Number.NaN)),
    'non-finite-weight',
    /weight_ih_l0.*NaN at index 7/,
  ],
  [
    'model: infinite weight',
    () => new Model(runtime, withWeight(Infinity)),
    'non-finite-weight',
    /Infinity at index 7/,
  ],
  [
    'model: missing tensor',
    () =>
      new Model(
        runtime,
        withTensor(weight, () => undefined),
      ),
    'missing-tensor',
    /weight_ih_l0/,
  ],
  [
    'model: misshapen tensor',
    () =>
      new Model(
        runtime,
        withTensor(weight, (t) => ({ ...t, dtype: 'F32', shape: [20, 4], data: new Float32Array(80) })),
      ),
    'wrong-shape',
    /\[20, 3\].*\[20, 4\]/,
  ],
  ['quantize: int4', () => quantize(features, any({ weights: 'int4' })), 'not-supported', /int4/],
  ['quantize: no options', () => quantize(features, any(undefined)), 'invalid-argument', /./],
  ['quantize: no model', () => quantize(any({}), { weights: 'int8' }), 'invalid-argument', /model/],
  [
    'createRuntimeSync: bytes',
    () => createRuntimeSync(any(new Uint8Array(8))),
    'invalid-argument',
    /WebAssembly.Module/,
  ],
  [
    'createRuntimeSync: another module',
    () => createRuntimeSync(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))),
    'wasm-unavailable',
    /infer\.simd\.wasm/,
  ],
  [
    'loadModelSync: no runtime',
    () => loadModelSync(features.toBytes(), any({})),
    'invalid-argument',
    /runtime/,
  ],
  [
    'generateText: no language model',
    () => generateText(features.createSession(), { prompt: 'a' }),
    'invalid-argument',
    /tokens/,
  ],
  ['generateText: nothing read', () => generateText(tokens.createSession()), 'invalid-argument', /prompt/],
  [
    'generateText: unknown character',
    () => generateText(tokens.createSession(), { prompt: 'az' }),
    'unknown-character',
    /"z".*U\+007A/,
  ],
  [
    'evaluateText: too short',
    () => evaluateText(tokens.createSession(), 'a'),
    'invalid-argument',
    /2 tokens, got 1/,
  ],
  ['evaluateText: no text', () => evaluateText(tokens.createSession(), any(7)), 'invalid-argument', /string/],
];

function pair() {
  return features.createSession({ batchSize: 2 });
}

function other(): Model {
  return new Model(runtime, randomModel({ cell: 'lstm', input: 3, hidden: 5, depth: 1, seed: 99 }));
}

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('refusals', () => {
  it.each(cases)('%s', (_, act, code, words) => {
    const error = refusalOf(act);
    expect(error).toBeInstanceOf(RivuletError);
    expect((error as RivuletError).code).toBe(code);
    expect((error as RivuletError).message).toMatch(words);
  });

  const options: readonly [string, GenerateOptions][] = [
    ['maxTokens', { maxTokens: -1 }],
    ['maxTokens', { maxTokens: 1.5 }],
    ['temperature', { temperature: -1 }],
    ['temperature', { temperature: Number.NaN }],
    ['temperature', { temperature: 1e-9 }],
    ['topK', { topK: 0 }],
    ['topP', { topP: 0 }],
    ['topP', { topP: 1.1 }],
    ['seed', { seed: -1 }],
    ['seed', { seed: 0.5 }],
    ['stop', { stop: '' }],
    ['stop', { stop: any([1]) }],
    ['prompt', { prompt: any(1) }],
  ];
  it.each(options)('generateText: %s %o', (name, option) => {
    const error = refusalOf(() =>
      generateText(tokens.createSession(), { prompt: 'a', ...option }),
    ) as RivuletError;
    expect(error.code).toBe('invalid-argument');
    expect(error.message).toMatch(new RegExp(`^${name} must be .*, got `));
  });

  const rejections: readonly [string, () => Promise<unknown>, RivuletErrorCode, RegExp][] = [
    ['createRuntime: build', () => createRuntime({ build: any('avx') }), 'invalid-argument', /"avx"/],
    [
      'createRuntime: a module that does not exist',
      () => createRuntime({ module: 'serve' as 'infer' }),
      'invalid-argument',
      /"infer" or "train".*"serve"/,
    ],
    [
      'createRuntime: garbage',
      () => createRuntime({ wasm: new Uint8Array(9) }),
      'wasm-unavailable',
      /could not be loaded/,
    ],
    ['createRuntime: wasm of no kind', () => createRuntime({ wasm: any(7) }), 'invalid-argument', /got 7/],
    ['loadModel: no source', () => loadModel(any(7), { runtime }), 'invalid-argument', /got 7/],
    [
      'loadModel: no runtime',
      () => loadModel(features.toBytes(), { runtime: any({}) }),
      'invalid-argument',
      /createRuntime/,
    ],
    [
      'loadModel: no such file',
      () => loadModel('no/such/file', { runtime }),
      'invalid-file',
      /no\/such\/file/,
    ],
    [
      'loadModel: aborted',
      () => loadModel(features.toBytes(), { runtime, signal: AbortSignal.abort() }),
      'aborted',
      /abort/,
    ],
    [
      'loadModel: 404',
      () => loadModel(new Response('', { status: 404 }), { runtime }),
      'invalid-file',
      /404/,
    ],
    [
      'loadModel: a broken stream',
      () => loadModel(new ReadableStream({ pull: () => Promise.reject(new Error('cut')) }), { runtime }),
      'invalid-file',
      /0 bytes.*cut/,
    ],
    ['loadModel: empty', () => loadModel(new Uint8Array(0), { runtime }), 'unsupported-format', /empty/],
  ];
  it.each(rejections)('%s', async (_, act, code, words) => {
    const error = (await act().then(
      () => undefined,
      (reason: unknown) => reason,
    )) as RivuletError;
    expect(error).toBeInstanceOf(RivuletError);
    expect(error.message).toMatch(words);
    expect(error.code).toBe(code);
  });
});

describe('after a refusal', () => {
  it('the state is as it was', () => {
    const session = features.createSession();
    session.step(finite);
    const before = session.snapshot();
    const nan = Float32Array.from({ length: 300 }, (_, i) => (i === 299 ? Number.NaN : 1));
    expect(() => session.step(new Float32Array([0, Number.NaN, 0]))).toThrow(RivuletError);
    expect(() => session.step(finite, new Float32Array(1))).toThrow(RivuletError);
    expect(() => session.run(nan)).toThrow(RivuletError);
    expect(() => session.process(nan, new Float32Array(500), 100)).toThrow(RivuletError);
    expect(() => session.restore(before.subarray(0, 40))).toThrow(RivuletError);
    expect(session.snapshot()).toEqual(before);
  });
});

describe('a snapshot', () => {
  it('torn at any byte, or with any bit flipped, is refused and the state kept', () => {
    const session = features.createSession();
    session.step(finite);
    const state = session.snapshot();
    const next = features.createSession({ state }).step(finite);
    for (let length = 0; length < state.length; length++) {
      expect(() => session.restore(state.subarray(0, length))).toThrow(RivuletError);
    }
    for (let bit = 0; bit < 8 * state.length; bit++) {
      const damaged = state.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => session.restore(damaged)).toThrow(RivuletError);
    }
    expect(session.step(finite)).toEqual(next);
  });

  it('of other weights goes on where allowed', () => {
    const state = other().createSession().snapshot();
    const session = features.createSession();
    session.restore(state, { allowOtherWeights: true });
    expect(session.step(finite)).toEqual(features.createSession().step(finite));
  });
});

describe('a state that overflowed float32', () => {
  it('is not snapshot, and reset helps', () => {
    const one = { dtype: 'F32', shape: [1, 1], data: new Float32Array([1]) } as const;
    const ten = { ...one, data: new Float32Array([10]) };
    const session = new Model(runtime, {
      graph: {
        inputs: [{ name: 'x', kind: 'features', size: 1 }],
        outputs: [{ name: 'h', from: 'rnn' }],
        nodes: [
          {
            type: 'rnn',
            name: 'rnn',
            input: 'x',
            nonlinearity: 'relu',
            tensors: { weight_ih: 'w', weight_hh: 'u' },
          },
        ],
      },
      tensors: new Map([
        ['w', one],
        ['u', ten],
      ]),
    }).createSession();
    const zero = session.snapshot();
    for (let t = 0; t < 40; t++) session.step(new Float32Array([1]));
    expect(session.getState('rnn.h')).toEqual(new Float32Array([Infinity]));
    expect(refusalOf(() => session.snapshot())).toMatchObject({ code: 'non-finite-state' });
    session.reset();
    expect(session.snapshot()).toEqual(zero);
  });
});

describe('disposed', () => {
  const methods = [
    'step',
    'stepNamed',
    'process',
    'run',
    'reset',
    'snapshot',
    'restore',
    'getState',
    'setState',
    'transform',
    'encode',
    'addRow',
    'removeRow',
  ] as const;
  it.each(methods)('%s of a session', (method) => {
    const session = features.createSession();
    session.dispose();
    session.dispose();
    expect(refusalOf(() => (session[method] as (a: unknown) => unknown)(finite))).toMatchObject({
      code: 'disposed',
    });
  });

  it('a model takes its sessions with it', () => {
    const gone = other();
    const session = gone.createSession();
    gone.dispose();
    gone.dispose();
    expect(refusalOf(() => session.step(finite))).toMatchObject({ code: 'disposed' });
    expect(refusalOf(() => gone.createSession())).toMatchObject({ code: 'disposed' });
    expect(refusalOf(() => quantize(gone, { weights: 'int8' }))).toMatchObject({ code: 'disposed' });
  });
});
