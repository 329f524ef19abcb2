/** Adapters of sessions: beside the weights of a model that all of its sessions share. */
import { describe, expect, it } from 'vitest';
import { scaleOf } from '../../src/adapters/low-rank.ts';
import { mergeLowRank } from '../../src/adapters/merge.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import { dequantizeModel } from '../../src/train/dequantize.ts';
import { mergeAdapter } from '../../src/train/merge-adapter.ts';
import {
  begin,
  bits,
  interleave,
  isStreamable,
  randomStream,
  runPieces,
  runSteps,
  type Stream,
  separate,
} from '../contract/drive.ts';
import { VARIANTS } from '../contract/table.ts';
import { scaledError } from '../reference/compare.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { randomAdapter } from './random.ts';

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };
const ROOM = { rank: 6 };
const OPTIONS = { rank: 4, alpha: 6 };
/**
 * Of outputs over the largest one: a session adds B (A x) to W x, of which a merged model has one product, so every sum is
 * rounded elsewhere, 6e-8 a time, and recurrence carries it on. 2e-6 was the largest error seen over 67 timesteps.
 */
const FLOAT32_TOLERANCE = 1e-5;
/** Besides, activations are rounded to int16: 7e-4 was the largest error seen, where a recurrence without bound amplifies it. */
const INT8_TOLERANCE = 2e-3;

/** All cells, with tokens and features, deep and wide; both directions, projections, norms, an encoder. */
function definitions(): [name: string, definition: ModelDefinition][] {
  const models = CELLS.flatMap((cell, i): [string, ModelDefinition][] => [
    [
      `${cell} of tokens`,
      randomModel({ cell, vocabulary: 13, input: 9, hidden: 20, depth: 2, output: 13, seed: 10 * i }),
    ],
    [`${cell} 33`, randomModel({ cell, input: 7, hidden: 33, depth: 1, output: 5, seed: 10 * i + 1 })],
  ]);
  const some = (['lstm', 'gru', 'rnn', 'mingru', 'minlstm', 'attention', 'state'] as const).flatMap((type) =>
    VARIANTS[type].map(({ name, definition }): [string, ModelDefinition] => [`${type}: ${name}`, definition]),
  );
  return [...models, ...some.filter(([, { graph }]) => graph.inputs.length === 1)];
}

const cases = definitions();

/** From the beginning of a stream, with the adapter that the model's new sessions get. */
function run(model: Model, stream: Stream, adapter: Session['adapter']): Float32Array {
  using session = begin(model, stream);
  session.setAdapter(adapter ?? null);
  if (stream.memory) session.encode(stream.memory);
  return session.run(stream.inputs);
}

describe.each(cases)('%s', (_, definition) => {
  const stream = randomStream(definition, 7);

  it('without an adapter has the bits of a model without room for one', () => {
    using plain = new Model(runtimes.simd, definition);
    using model = new Model(runtimes.simd, definition, ROOM);
    expect(model.fingerprint).toEqual(plain.fingerprint);
    expect(bits(run(model, stream, undefined))).toEqual(bits(run(plain, stream, undefined)));
    const adapter = randomAdapter(model, OPTIONS, 1);
    using session = begin(model, stream);
    session.setAdapter(adapter);
    session.setAdapter(null);
    if (stream.memory) session.encode(stream.memory);
    expect(bits(session.run(stream.inputs))).toEqual(bits(run(plain, stream, undefined)));
  });

  it('with one computes what the merged model computes', () => {
    using model = new Model(runtimes.simd, definition, ROOM);
    const adapter = randomAdapter(model, OPTIONS, 1);
    using merged = mergeAdapter(model, adapter);
    const [adapted, expected] = [run(model, stream, adapter), run(merged, stream, undefined)];
    expect(scaledError(adapted, expected)).toBeLessThanOrEqual(FLOAT32_TOLERANCE);
    expect(scaledError(run(model, stream, undefined), expected)).toBeGreaterThan(1e-3);
  });

  it('int8: the matrices as they are, the adapter in float32', () => {
    const int8 = quantize(definition, { weights: 'int8' }).definition;
    using model = new Model(runtimes.simd, int8, ROOM);
    const adapter = randomAdapter(model, OPTIONS, 1);
    using float = new Model(runtimes.simd, mergeLowRank(dequantizeModel(int8), adapter));
    const error = scaledError(run(model, stream, adapter), run(float, stream, undefined));
    expect(error).toBeLessThanOrEqual(INT8_TOLERANCE);
    using merged = mergeAdapter(model, adapter);
    const dtypes = ({ definition: { tensors } }: Model) =>
      [...tensors].map(([name, { dtype }]) => [name, dtype]);
    expect(dtypes(merged).sort()).toEqual(dtypes(model).sort());
  });

  it.each([
    ['float32', definition],
    ['int8', quantize(definition, { weights: 'int8' }).definition],
  ] as const)('%s: steps, pieces, batches and both builds have the same bits', (_weights, each) => {
    using model = new Model(runtimes.simd, each, ROOM);
    using scalar = new Model(runtimes.scalar, each, ROOM);
    const adapter = randomAdapter(model, OPTIONS, 2);
    const whole = bits(run(model, stream, adapter));
    expect(bits(run(scalar, stream, adapter)), 'scalar').toEqual(whole);
    checkBatch(model, each, adapter);
    if (!isStreamable(each) || stream.memory) return;
    const adapted = { ...model, createSession: () => model.createSession({ adapter }) } as unknown as Model;
    Object.assign(adapted, { inputs: model.inputs, outputs: model.outputs });
    expect(bits(runSteps(adapted, stream)), 'steps').toEqual(whole);
    expect(bits(runPieces(adapted, stream)), 'pieces').toEqual(whole);
  });
});

/** Each row of a batch has the bits that it has alone. */
function checkBatch(model: Model, definition: ModelDefinition, adapter: Session['adapter']): void {
  const streams = [1, 2, 3].map((seed) => randomStream(definition, seed));
  const width = (port: (typeof definition.graph.inputs)[number]) => (port.kind === 'tokens' ? 1 : port.size);
  const [input] = definition.graph.inputs;
  using session = model.createSession({ batchSize: 3, ...(adapter && { adapter }) });
  if (definition.graph.encoder) {
    const [port] = definition.graph.encoder.inputs;
    session.encode(
      interleave(
        streams.map(({ memory }) => memory!),
        width(port!),
      ),
    );
  }
  const inputs = interleave(
    streams.map((stream) => stream.inputs),
    width(input!),
  );
  const outputs = session.run(inputs);
  streams.forEach((stream, row) => {
    const alone = run(model, stream, adapter);
    expect(bits(separate(outputs, row, 3, model.outputs[0]!.size)), `row ${row}`).toEqual(bits(alone));
  });
}

const LSTM = randomModel({
  cell: 'lstm',
  vocabulary: 30,
  input: 32,
  hidden: 96,
  depth: 2,
  output: 30,
  seed: 5,
});
const TOKENS = [1, 5, 2, 8, 3, 29, 0];

describe('sessions of one model', () => {
  it('with different adapters do not disturb each other', () => {
    using model = new Model(runtimes.simd, LSTM, ROOM);
    const adapters = [undefined, randomAdapter(model, OPTIONS, 1), randomAdapter(model, OPTIONS, 2)];
    const alone = adapters.map((adapter) => {
      using session = model.createSession({ ...(adapter && { adapter }) });
      return TOKENS.map((token) => bits(session.step(token)));
    });
    expect(alone[1]).not.toEqual(alone[0]);
    expect(alone[2]).not.toEqual(alone[1]);
    const sessions = adapters.map((adapter) => model.createSession({ ...(adapter && { adapter }) }));
    TOKENS.forEach((token, t) => {
      sessions.forEach((session, i) => {
        expect(bits(session.step(token)), `session ${i}`).toEqual(alone[i]![t]);
      });
    });
    const whole = adapters.map((adapter) =>
      bits(run(model, { inputs: Uint32Array.from(TOKENS), memory: undefined }, adapter)),
    );
    for (const [i, session] of sessions.entries()) {
      session.reset();
      expect(bits(session.run(TOKENS)), `session ${i}`).toEqual(whole[i]);
      expect(session.adapter).toBe(adapters[i]);
    }
  });

  it('take another adapter in the middle of a stream, and keep their state', () => {
    using model = new Model(runtimes.simd, LSTM, ROOM);
    const [first, second] = [randomAdapter(model, OPTIONS, 1), randomAdapter(model, OPTIONS, 2)];
    using session = model.createSession({ adapter: first });
    session.run(TOKENS);
    const state = session.getState('rnn.l1.h');
    session.setAdapter(second);
    expect(session.getState('rnn.l1.h')).toEqual(state);
    using other = model.createSession({ adapter: second });
    for (const name of model.states.map((each) => each.name)) other.setState(name, session.getState(name));
    expect(bits(session.step(4))).toEqual(bits(other.step(4)));
  });

  it('keep it when rows come and go', () => {
    using model = new Model(runtimes.simd, LSTM, ROOM);
    const adapter = randomAdapter(model, OPTIONS, 1);
    using alone = model.createSession({ adapter });
    using session = model.createSession({ adapter, batchSize: 2 });
    session.addRow();
    session.removeRow(0);
    const expected = bits(alone.step(7));
    const outputs = session.step(Uint32Array.of(3, 7));
    expect(bits(outputs.slice(30))).toEqual(expected);
  });

  it('share the weights, and each adapter has its place once', () => {
    const runtime = testRuntime();
    using model = new Model(runtime, LSTM, { rank: 4 });
    const [first, second] = [randomAdapter(model, OPTIONS, 1), randomAdapter(model, OPTIONS, 2)];
    const free = () => {
      // First fit: a block that is larger than every gap lies behind all others.
      const block = runtime.allocate(1 << 19, 'a test');
      runtime.free(block);
      return block;
    };
    const [, before] = [model.createSession(), free()];
    const sessions = [model.createSession({ adapter: first })];
    const one = free() - before;
    // The factors with A padded to 16 rows and the blocks of B to whole panels, and the session itself.
    const adapterBytes = model.room!.bytes;
    expect(one).toBeGreaterThanOrEqual(adapterBytes);
    expect(one).toBeLessThan(adapterBytes + model.sessionBytes + 4096);
    expect(adapterBytes).toBeLessThan(model.planBytes / 2);
    for (let i = 0; i < 9; i++) sessions.push(model.createSession({ adapter: first }));
    expect(free() - before - one).toBeLessThan(9 * (model.sessionBytes + 256));
    sessions.push(model.createSession({ adapter: second }));
    for (const session of sessions) session.dispose();
    expect(free()).toBe(before);
  });

  it('allocate nothing in a step', () => {
    const runtime = testRuntime();
    using model = new Model(runtime, LSTM, ROOM);
    using session = model.createSession({ adapter: randomAdapter(model, OPTIONS, 1) });
    const out = new Float32Array(30);
    session.step(1, out);
    const { allocate } = runtime.exports;
    const next = allocate(16);
    runtime.free(next);
    for (let i = 0; i < 100; i++) session.step(i % 30, out);
    expect(allocate(16)).toBe(next);
  });
});

describe('an adapter', () => {
  it('of a lower rank, of other layers or of some matrices fits the room', () => {
    using model = new Model(runtimes.simd, LSTM, { rank: 20 });
    const stream = { inputs: Uint32Array.from(TOKENS), memory: undefined };
    for (const options of [
      { rank: 1 },
      { rank: 20 },
      { rank: 3, layers: ['rnn.l1'] },
      { rank: 3, matrices: 'recurrent' },
      { rank: 3, matrices: 'input' },
    ] as const) {
      const adapter = randomAdapter(model, options, 3);
      using merged = mergeAdapter(model, adapter);
      const error = scaledError(run(model, stream, adapter), run(merged, stream, undefined));
      expect(error, JSON.stringify(options)).toBeLessThanOrEqual(FLOAT32_TOLERANCE);
    }
  });

  it('is refused by another model, which names both', () => {
    using model = new Model(runtimes.simd, LSTM, ROOM);
    const adapter = randomAdapter(model, OPTIONS, 1);
    const seed = { cell: 'lstm', vocabulary: 30, input: 32, hidden: 96, depth: 2, output: 30 } as const;
    using weights = new Model(runtimes.simd, randomModel({ ...seed, seed: 6 }), ROOM);
    using shape = new Model(runtimes.simd, randomModel({ ...seed, hidden: 95, seed: 6 }), ROOM);
    for (const [other, part] of [
      [weights, 'weights'],
      [shape, 'shape'],
    ] as const) {
      for (const use of [() => other.createSession({ adapter }), () => mergeAdapter(other, adapter)]) {
        expect(use).toThrow(expect.objectContaining({ code: 'adapter-mismatch' }));
        expect(use).toThrow(model.fingerprint[part]);
        expect(use).toThrow(other.fingerprint[part]);
      }
    }
  });

  it('is refused where the model has no room for it', () => {
    using plain = new Model(runtimes.simd, LSTM);
    using small = new Model(runtimes.simd, LSTM, { rank: 3 });
    using some = new Model(runtimes.simd, LSTM, { rank: 4, layers: ['rnn.l0', 'head'] });
    const adapter = randomAdapter(plain, OPTIONS, 1);
    for (const [model, reason] of [
      [plain, /without room for adapters: load it with loadModel\(source, { adapters: { rank: 4 } }\)/],
      [small, /rank 4, .* room for rank 3/],
      [some, /rnn.weight_ih_l1/],
    ] as const) {
      const session = model.createSession();
      expect(() => session.setAdapter(adapter)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      );
      expect(() => session.setAdapter(adapter)).toThrow(reason);
      expect(session.adapter).toBeUndefined();
      expect(session.step(1)).toHaveLength(30);
    }
    expect(() => plain.createSession({ adapter: {} as never })).toThrow(/fineTune or loadAdapter/);
  });
});

describe('a snapshot', () => {
  it('belongs to the adapter that it was taken under', () => {
    using model = new Model(runtimes.simd, LSTM, ROOM);
    using wide = new Model(runtimes.scalar, LSTM, { rank: 9 });
    const [first, second] = [randomAdapter(model, OPTIONS, 1), randomAdapter(model, OPTIONS, 2)];
    using session = model.createSession({ adapter: first });
    session.run(TOKENS);
    const state = session.snapshot();
    const expected = bits(session.step(3));
    expect(bits(model.createSession({ adapter: first, state }).step(3))).toEqual(expected);
    expect(bits(wide.createSession({ adapter: first, state }).step(3)), 'other room').toEqual(expected);
    for (const options of [{}, { adapter: second }]) {
      using other = model.createSession(options);
      expect(() => other.restore(state)).toThrow(expect.objectContaining({ code: 'snapshot-mismatch' }));
      other.restore(state, { allowOtherWeights: true });
    }
    using plain = model.createSession();
    expect(() => session.restore(plain.snapshot())).toThrow(
      expect.objectContaining({ code: 'snapshot-mismatch' }),
    );
  });
});

describe('the scale', () => {
  it('is alpha / rank in float32', () => {
    expect(scaleOf({ rank: 3, alpha: 5, factors: new Map() })).toBe(Math.fround(5 / 3));
  });
});
