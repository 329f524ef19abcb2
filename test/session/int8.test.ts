import { describe, expect, it } from 'vitest';
import { Model } from '../../src/session/model.ts';
import { scaledError } from '../reference/compare.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { inputAt, int8, randomInputs } from './cases.ts';

/** Rounding activations to 16 bits is all that parts the kernel from exact arithmetic on the int8 weights. */
const TOLERANCE = 5e-4;

describe('int8 against the f64 reference on its own rounded weights', () => {
  it.each(CELLS)('%s', (cell) => {
    const scale = cell === 'rnn-relu' ? 0.5 : 1;
    const definition = int8(
      randomModel({ cell, input: 12, hidden: 40, depth: 2, output: 5, seed: 11, scale }),
    );
    const inputs = randomInputs(definition, 200);
    const session = new Model(testRuntime(), definition).createSession();
    const reference = new ReferenceSession(definition);
    let worst = 0;
    for (let t = 0; t < 200; t++) {
      const x = inputAt(definition, inputs, t);
      worst = Math.max(worst, scaledError(session.step(x), reference.step(x)));
    }
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(TOLERANCE);
  });

  it('a large input does not drown the state', () => {
    const definition = int8(randomModel({ cell: 'lstm', input: 8, hidden: 64, depth: 1, seed: 3 }));
    const small = new Map(definition.tensors);
    const scales = small.get('rnn.weight_ih_l0.scale')!;
    small.set('rnn.weight_ih_l0.scale', {
      ...scales,
      dtype: 'F32',
      data: Float32Array.from(scales.data, (v) => v / 1000),
    });
    const scaled = { ...definition, tensors: small };
    const session = new Model(testRuntime(), scaled).createSession();
    const reference = new ReferenceSession(scaled);
    let worst = 0;
    for (let t = 0; t < 200; t++) {
      const x = Float32Array.from({ length: 8 }, (_, i) => 1000 * Math.sin(t * (i + 1)));
      worst = Math.max(worst, scaledError(session.step(x), reference.step(x)));
    }
    expect(worst).toBeLessThan(TOLERANCE);
  });
});
