import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { BUILDS, testRuntime } from '../runtime.ts';
import { rowOf, sideBySide } from './batches.ts';
import { type BitwiseCase, batchedCases, bits, randomInputs } from './cases.ts';

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };
const T = 12;

function sequencesOf({ definition }: BitwiseCase, rows: number) {
  return Array.from({ length: rows }, (_, row) => randomInputs(definition, T, 100 + row));
}

describe.each(BUILDS)('a batch, %s', (build) => {
  describe.each(batchedCases().map((each) => [each.name, each] as const))('of %s', (_, each) => {
    const model = new Model(runtimes[build], each.definition);
    const { kind, size: features } = model.inputs[0]!;
    const per = kind === 'tokens' ? 1 : features;
    const { size } = model.outputs[0]!;

    it.each([2, 3, 5, 70])('of %i rows has the bits of single sessions', (rows) => {
      const sequences = sequencesOf(each, rows);
      const alone = sequences.map((sequence) => bits(model.createSession().run(sequence)));
      const all = sideBySide(sequences, per);
      const stepping = model.createSession({ batchSize: rows });
      const stepped = new Float32Array(T * rows * size);
      for (let t = 0; t < T; t++) {
        stepping.step(all.subarray(t * rows * per, (t + 1) * rows * per), stepped.subarray(t * rows * size));
      }
      const runs = [stepped, model.createSession({ batchSize: rows }).run(all)];
      if (kind === 'features') {
        const processed = new Float32Array(stepped.length);
        model.createSession({ batchSize: rows }).process(all as Float32Array, processed, T);
        runs.push(processed);
      }
      for (const outputs of runs) {
        for (let row = 0; row < rows; row++)
          expect(bits(rowOf(outputs, row, rows, size))).toEqual(alone[row]);
      }
    });

    it('gives each row the bits of its own length', () => {
      const sequences = sequencesOf(each, 4);
      const lengths = [T, 1, 7, 4];
      const whole = sideBySide(sequences, per);
      const batch = model.createSession({ batchSize: 4 });
      const outputs = batch.run(whole, { lengths, out: new Float32Array(T * 4 * size).fill(7) });
      const last = model
        .createSession({ batchSize: 4 })
        .run(whole, { lengths: Uint32Array.from(lengths), returnSequences: false });
      lengths.forEach((length, row) => {
        const single = model.createSession();
        const expected = new Float32Array(T * size);
        expected.set(single.run(sequences[row]!.subarray(0, length * per)));
        expect(bits(rowOf(outputs, row, 4, size))).toEqual(bits(expected));
        expect(bits(last.slice(row * size, (row + 1) * size))).toEqual(
          bits(expected.slice((length - 1) * size, length * size)),
        );
        expect(batch.snapshot({ row })).toEqual(single.snapshot());
      });
    });
  });
});

const gru = randomModel({ cell: 'gru-after', input: 3, hidden: 21, depth: 2, output: 5, seed: 4 });

describe('rows', () => {
  const random = new Random(5);
  const x = (rows: number) => random.gaussians(3 * rows);
  const model = new Model(runtimes.simd, gru);

  it('come and go, and each goes on as if alone', () => {
    const batch = model.createSession();
    const singles = [model.createSession()];
    const check = () => {
      const input = x(singles.length);
      const outputs = batch.step(input);
      expect(batch.batchSize).toBe(singles.length);
      singles.forEach((single, row) => {
        const expected = single.step(input.slice(3 * row, 3 * row + 3));
        expect(bits(outputs.slice(5 * row, 5 * row + 5))).toEqual(bits(expected));
        expect(batch.snapshot({ row })).toEqual(single.snapshot());
      });
    };
    for (let i = 0; i < 60; i++) {
      check();
      if (singles.length === 1 || random.integer(0, 3) > 0) {
        expect(batch.addRow()).toBe(singles.length);
        singles.push(model.createSession());
      } else {
        const row = random.integer(0, singles.length);
        batch.removeRow(row);
        singles.splice(row, 1)[0]!.dispose();
      }
    }
    while (singles.length > 1) {
      batch.removeRow(0);
      singles.shift()!.dispose();
      check();
    }
  });

  it('are reset, restored and set one by one or all at once', () => {
    const batch = model.createSession({ batchSize: 3 });
    const zero = model.createSession().snapshot();
    for (let t = 0; t < 5; t++) batch.step(x(3));
    const [a, b, c] = [0, 1, 2].map((row) => batch.snapshot({ row })) as [Uint8Array, Uint8Array, Uint8Array];
    batch.reset({ row: 1 });
    expect([0, 1, 2].map((row) => batch.snapshot({ row }))).toEqual([a, zero, c]);
    batch.restore(b, { row: 0 });
    expect([0, 1, 2].map((row) => batch.snapshot({ row }))).toEqual([b, zero, c]);
    const single = model.createSession({ state: c });
    const h = single.getState('rnn.l1.h');
    expect(batch.getState('rnn.l1.h', { row: 2 })).toEqual(h);
    batch.restore(b, { row: 2 });
    batch.setState('rnn.l0.h', single.getState('rnn.l0.h'), { row: 2 });
    batch.setState('rnn.l1.h', h, { row: 2 });
    expect(batch.snapshot({ row: 2 })).toEqual(c);
    batch.restore(a);
    expect([0, 1, 2].map((row) => batch.snapshot({ row }))).toEqual([a, a, a]);
    const state = model.createSession({ batchSize: 2, state: c });
    expect([0, 1].map((row) => state.snapshot({ row }))).toEqual([c, c]);
    batch.setState('rnn.l1.h', h);
    expect(batch.getState('rnn.l1.h', { row: 1 })).toEqual(h);
    batch.reset();
    expect([0, 1, 2].map((row) => batch.snapshot({ row }))).toEqual([zero, zero, zero]);
  });

  it('step by name', () => {
    const batch = model.createSession({ batchSize: 2 });
    const twin = model.createSession({ batchSize: 2 });
    const input = x(2);
    const output = new Float32Array(10);
    batch.stepNamed({ input }, { output });
    expect(output).toEqual(twin.step(input));
  });

  it('flow through a transform', async () => {
    const inputs = [x(2), x(2)];
    const twin = model.createSession({ batchSize: 2 });
    const expected = inputs.map((input) => twin.step(input));
    const { readable, writable } = model.createSession({ batchSize: 2 }).transform();
    const writer = writable.getWriter();
    const written = inputs.map((input) => writer.write(input));
    const reader = readable.getReader();
    for (const output of expected) expect((await reader.read()).value).toEqual(output);
    await Promise.all(written);
  });

  it('are as they were after a refusal', () => {
    const batch = model.createSession({ batchSize: 2 });
    batch.step(x(2));
    const before = [0, 1].map((row) => batch.snapshot({ row }));
    const late = Float32Array.from({ length: 6 * 80 }, (_, i) => (i === 6 * 79 ? Number.NaN : 1));
    expect(() => batch.run(late)).toThrow('row 0, timestep 79');
    expect(() => batch.step(late.slice(-6))).toThrow('row 0');
    expect(() => batch.process(late, new Float32Array(800), 80)).toThrow('row 0, timestep 79');
    expect(() => batch.run(late, { lengths: [80, 81] })).toThrow('row 1');
    expect([0, 1].map((row) => batch.snapshot({ row }))).toEqual(before);
  });
});

describe('memory of rows', () => {
  it('is given back when rows go and sessions are disposed', () => {
    const runtime = testRuntime();
    const model = new Model(runtime, gru);
    const round = () => {
      using batch = model.createSession({ batchSize: 20 });
      for (let i = 0; i < 20; i++) batch.addRow();
      for (let i = 0; i < 39; i++) batch.removeRow(0);
      batch.run(new Float32Array(30));
      using other = model.createSession({ batchSize: 7 });
      other.run(new Float32Array(210));
    };
    round();
    const before = runtime.memoryBytes;
    for (let i = 0; i < 30; i++) round();
    expect(runtime.memoryBytes).toBe(before);
  });

  it('that cannot grow leaves the rows as they are', () => {
    const runtime = testRuntime();
    const wide = randomModel({ cell: 'lstm', input: 4, hidden: 300, depth: 1, output: 2, seed: 1 });
    const model = new Model(runtime, wide);
    const batch = model.createSession({ batchSize: 2 });
    const twin = model.createSession({ batchSize: 2 });
    const input = new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]);
    batch.step(input);
    twin.step(input);
    const blocks: number[] = [];
    for (let bytes = 1 << 30; bytes >= 4096; bytes >>= 1) {
      for (
        let block = runtime.exports.allocate(bytes);
        block !== 0;
        block = runtime.exports.allocate(bytes)
      ) {
        blocks.push(block);
      }
    }
    expect(() => batch.addRow()).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
    expect(() => batch.removeRow(0)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
    expect(batch.batchSize).toBe(2);
    expect(batch.step(input)).toEqual(twin.step(input));
    for (const block of blocks) runtime.free(block);
    expect(batch.addRow()).toBe(2);
  });
});
