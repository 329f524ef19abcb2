import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { int8 } from './cases.ts';

describe('one memory', () => {
  const lstm = randomModel({ cell: 'lstm', input: 4, hidden: 24, depth: 2, seed: 1 });
  const gru = int8(randomModel({ cell: 'gru-after', input: 4, hidden: 40, depth: 1, seed: 2 }));
  const x = new Float32Array([1, -1, 0.5, 2]);

  it('holds several models and many sessions, each as if alone', () => {
    const runtime = testRuntime();
    const alone = [lstm, gru].map((definition) => new Model(testRuntime(), definition).createSession());
    const models = [lstm, gru].map((definition) => new Model(runtime, definition));
    const sessions = Array.from({ length: 400 }, (_, i) => models[i % 2]!.createSession());
    for (let t = 0; t < 5; t++) {
      const expected = alone.map((session) => session.step(x));
      for (const [i, session] of sessions.entries()) expect(session.step(x)).toEqual(expected[i % 2]);
    }
  });

  it('shares weights: a session costs its own bytes only', () => {
    const runtime = testRuntime();
    const model = new Model(runtime, lstm);
    model.createSession().run(new Float32Array(4 * 100));
    const before = runtime.memoryBytes;
    for (let i = 0; i < 500; i++) model.createSession();
    const perSession = Math.ceil(model.sessionBytes / 64) * 64;
    expect(runtime.memoryBytes - before).toBeLessThanOrEqual(500 * perSession + 16384 + 65536);
    expect(model.sessionBytes).toBeLessThan(model.planBytes / 4);
  });

  it('ends with the address space: behind it there is no block, nor before the first', () => {
    const { exports } = testRuntime();
    const first = exports.allocate(64) >>> 0;
    const most = exports.allocate(0xe0000000) >>> 0;
    if (most === 0) return; // the host gives less memory
    const rest = 2 ** 32 - (most + 0xe0000000);
    expect(exports.allocate(rest) >>> 0).toBe(most + 0xe0000000);
    expect(exports.allocate(64) >>> 0).toBe(0);
    exports.free(first);
    expect(exports.allocate(64) >>> 0).toBe(first);
  });

  it('is reused when sessions and models are disposed', () => {
    const runtime = testRuntime();
    const round = () => {
      using model = new Model(runtime, lstm);
      const sessions = Array.from({ length: 100 }, () => model.createSession());
      for (const session of sessions) session.step(x);
      for (const session of sessions.slice(50)) session.dispose();
    };
    round();
    const before = runtime.memoryBytes;
    for (let i = 0; i < 30; i++) round();
    expect(runtime.memoryBytes).toBe(before);
  });

  it('that cannot grow is refused in words, and what lives goes on', () => {
    const runtime = testRuntime();
    const model = new Model(runtime, lstm);
    const session = model.createSession();
    session.step(x);
    const next = new Model(testRuntime(), lstm).createSession({ state: session.snapshot() }).step(x);
    const blocks: number[] = [];
    expect(() => {
      for (;;) blocks.push(runtime.allocate(0x3fffffc0, 'a test'));
    }).toThrow(/a test needs 1073741760 bytes.*dispose/);
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) runtime.free(block);
    expect(session.step(x)).toEqual(next);
  });

  it('keeps streaming over the growth of memory', () => {
    const runtime = testRuntime();
    const session = new Model(runtime, lstm).createSession();
    const alone = new Model(testRuntime(), lstm).createSession();
    for (let t = 0; t < 5; t++) {
      expect(session.step(x)).toEqual(alone.step(x));
      runtime.allocate(1 << 20, 'growth');
    }
  });
});
