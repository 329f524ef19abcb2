import { describe, expect, it } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import { attention } from '../contract/cases/attention.ts';
import { features, variant } from '../contract/variant.ts';
import { scaledError } from '../reference/compare.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { Random } from '../reference/random.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { rowOf, sideBySide } from './batches.ts';
import { bits, int8 } from './cases.ts';

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };
const [SOURCE, T] = [9, 7];
const LENGTHS = [SOURCE, 1, 5];
const ROWS = LENGTHS.length;

function sequence({ kind, size }: { kind: string; size: number }, timesteps: number, seed: number) {
  const random = new Random(seed);
  return kind === 'tokens' ? random.integers(timesteps, 0, size) : random.gaussians(timesteps * size);
}

function inputsOf({ graph }: ModelDefinition) {
  const [source, input] = [graph.encoder!.inputs[0]!, graph.inputs[0]!];
  return {
    source,
    input,
    perSource: source.kind === 'tokens' ? 1 : source.size,
    per: input.kind === 'tokens' ? 1 : input.size,
    sources: LENGTHS.map((_, row) => sequence(source, SOURCE, row + 1)),
    targets: LENGTHS.map((_, row) => sequence(input, T, row + 11)),
  };
}

const cases = attention.flatMap(({ name, definition }) => [
  [`${name}, float32`, definition] as const,
  [`${name}, int8`, int8(definition)] as const,
]);

describe.each(BUILDS)('an encoder, %s', (build) => {
  it.each(cases)('gives each row of a padded batch the bits of its sequence alone: %s', (_, definition) => {
    using model = new Model(runtimes[build], definition);
    const { sources, targets, perSource, per } = inputsOf(definition);
    const { size } = model.outputs[0]!;
    const batch = model.createSession({ batchSize: ROWS });
    batch.encode(sideBySide(sources, perSource), { lengths: LENGTHS });
    const outputs = batch.run(sideBySide(targets, per));
    LENGTHS.forEach((length, row) => {
      const single = model.createSession();
      single.encode(sources[row]!.subarray(0, length * perSource));
      expect(bits(rowOf(outputs, row, ROWS, size))).toEqual(bits(single.run(targets[row]!)));
      expect(batch.snapshot({ row })).toEqual(single.snapshot());
    });
    batch.removeRow(0);
    const rest = batch.run(sideBySide(targets.slice(1), per));
    const single = model.createSession();
    single.encode(sources[2]!.subarray(0, LENGTHS[2]! * perSource));
    single.run(targets[2]!);
    expect(bits(rowOf(rest, 1, 2, size))).toEqual(bits(single.run(targets[2]!)));
  });
});

function steps(session: Session, target: Float32Array | Uint32Array, per: number): Float32Array {
  const outputs: number[] = [];
  for (let t = 0; t < target.length / per; t++) {
    outputs.push(...session.step(target.subarray(t * per, (t + 1) * per)));
  }
  return Float32Array.from(outputs);
}

const streaming = cases.filter(([name]) => !name.startsWith('of a decoder'));

describe('step after encode', () => {
  it.each(streaming)('equals run, and again after a longer and a shorter sequence: %s', (_, definition) => {
    using model = new Model(runtimes.simd, definition);
    const { source, targets, perSource, per } = inputsOf(definition);
    const session = model.createSession();
    for (const timesteps of [4, 100, 2]) {
      const read = sequence(source, timesteps, timesteps);
      session.encode(read);
      const stepped = steps(session, targets[0]!, per);
      const twin = model.createSession();
      twin.encode(read);
      expect(bits(stepped)).toEqual(bits(twin.run(targets[0]!)));
      expect(perSource).toBeGreaterThan(0);
    }
  });

  it('is what the reference gives', () => {
    const { definition } = attention[2]!;
    using model = new Model(runtimes.simd, definition);
    const { sources, targets, perSource, per } = inputsOf(definition);
    const session = model.createSession();
    const reference = new ReferenceSession(definition);
    const rows = (values: Float32Array | Uint32Array, n: number) =>
      Array.from({ length: values.length / n }, (_, t) => values.subarray(t * n, (t + 1) * n));
    session.encode(sources[0]!);
    reference.encode(rows(sources[0]!, perSource));
    for (const x of rows(targets[0]!, per)) {
      expect(scaledError(session.step(x), reference.step(x))).toBeLessThan(2e-6);
    }
  });
});

describe('refusals of an encoder', () => {
  const { definition } = attention[1]!;
  const model = new Model(runtimes.simd, definition);
  const source = new Float32Array(3 * SOURCE).fill(0.5);
  const query = new Float32Array(5);
  const refuse = (act: () => unknown, code: string, words: RegExp) => {
    expect(act).toThrow(RivuletError);
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(words) }));
  };

  it('name what needs it before it has run', () => {
    const session = model.createSession();
    refuse(() => session.step(query), 'not-encoded', /node "decoder".*encode first/);
    refuse(() => session.run(query), 'not-encoded', /"decoder"/);
    refuse(() => session.process(query, new Float32Array(3), 1), 'not-encoded', /"decoder"/);
    session.encode(source);
    const first = session.run(query);
    session.reset();
    refuse(() => session.step(query), 'not-encoded', /"decoder"/);
    refuse(() => session.run(query), 'not-encoded', /"decoder"/);
    session.encode(source);
    expect(session.step(query)).toEqual(first);
  });

  it('of nothing to read name the node and the row', () => {
    const empty = new Float32Array(0);
    refuse(() => model.createSession().encode(empty), 'empty-data', /empty.*node "decoder"/);
    const pair = model.createSession({ batchSize: 2 });
    const both = new Float32Array(12);
    refuse(() => pair.encode(both, { lengths: [2, 0] }), 'empty-data', /row 1 is 0.*node "decoder"/);
    refuse(() => pair.encode(both, { lengths: [3, 1] }), 'wrong-length', /row 0 is 3.*2 timesteps/);
    refuse(() => pair.encode(both, { lengths: [1] }), 'wrong-length', /2 lengths/);
  });

  it('of NaN leave what was encoded', () => {
    const session = model.createSession();
    session.encode(source);
    const state = session.snapshot();
    const before = session.run(query);
    session.restore(state);
    const bad = source.slice();
    bad[7] = Number.NaN;
    refuse(() => session.encode(bad), 'non-finite-input', /"input".*index 1 of timestep 2/);
    refuse(() => session.encode(new Float32Array(4)), 'wrong-length', /multiple of 3/);
    expect(session.run(query)).toEqual(before);
  });

  it('of another row say what to do', () => {
    refuse(() => model.createSession().addRow(), 'not-supported', /batchSize 2/);
  });

  it('of memory leave the session', () => {
    const session = model.createSession();
    session.encode(source);
    const long = new Float32Array(3 * 2 ** 21);
    refuse(() => session.encode(long), 'out-of-memory', /2097152 timesteps.*split/);
    expect(session.step(query).every(Number.isFinite)).toBe(true);
  });
});

describe('a model that goes backward through time', () => {
  const both = variant('both ways', features(3), (draft) => {
    draft.cell('gru', 'below', 3, 5, { resetAfter: true });
    draft.cell('lstm', 'reading', 5, 17, { direction: 'both' }).dense('head', 34, 2);
  });
  const x = new Random(3).gaussians(3 * 200);

  it('runs, and says by which node it cannot step', () => {
    using model = new Model(runtimes.simd, both.definition);
    const session = model.createSession();
    const refused = expect.objectContaining({
      code: 'not-streamable',
      message: expect.stringMatching(/node "reading".*use run/),
    });
    expect(() => session.step(x.subarray(0, 3))).toThrow(refused);
    expect(() => session.stepNamed({ input: x.subarray(0, 3) }, {})).toThrow(refused);
    expect(() => session.process(x, new Float32Array(400), 200)).toThrow(refused);
    expect(() => session.transform()).toThrow(refused);
    expect(session.run(x).length).toBe(400);
  });

  it.each(BUILDS)('gives each row of a padded batch the bits of its sequence alone: %s', (build) => {
    for (const definition of [both.definition, int8(both.definition)]) {
      using model = new Model(runtimes[build], definition);
      const lengths = [200, 1, 64, 131];
      const rows = lengths.map((_, row) => new Random(row).gaussians(600));
      const batch = model.createSession({ batchSize: 4 });
      const outputs = batch.run(sideBySide(rows, 3), { lengths });
      const last = model
        .createSession({ batchSize: 4 })
        .run(sideBySide(rows, 3), { lengths, returnSequences: false });
      lengths.forEach((length, row) => {
        const single = model.createSession();
        const expected = new Float32Array(400);
        expected.set(single.run(rows[row]!.subarray(0, 3 * length)));
        expect(bits(rowOf(outputs, row, 4, 2))).toEqual(bits(expected));
        expect(bits(last.slice(2 * row, 2 * row + 2))).toEqual(
          bits(expected.slice(2 * length - 2, 2 * length)),
        );
        expect(batch.snapshot({ row })).toEqual(single.snapshot());
      });
    }
  });

  it('keeps the room of its longest sequence, and no more', () => {
    const runtime = testRuntime();
    using model = new Model(runtime, both.definition);
    const session = model.createSession();
    const twin = model.createSession();
    const short = x.subarray(0, 30);
    const expected = twin.run(short);
    session.run(x);
    const before = runtime.memoryBytes;
    session.reset();
    expect(session.run(short)).toEqual(expected);
    for (let i = 0; i < 20; i++) session.run(x);
    expect(runtime.memoryBytes).toBe(before);
  });
});
