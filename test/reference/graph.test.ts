/**
 * What the golden fixtures do not show of the reference: int8 weights, missing biases, reset, several
 * outputs.
 */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { ReferenceSession } from './graph.ts';
import { CELLS, randomModel } from './models.ts';
import { Random } from './random.ts';

const SEED = 20_01;

describe(`ReferenceSession (seed ${SEED})`, () => {
  it('multiplies int8 weights by the scale of their row', () => {
    const tensors = new Map<string, Tensor>([
      ['w', { dtype: 'I8', shape: [2, 3], data: Int8Array.of(1, -2, 127, -127, 0, 4) }],
      ['w.scale', { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, 0.25) }],
    ]);
    const graph: ModelDefinition['graph'] = {
      inputs: [{ name: 'x', kind: 'features', size: 3 }],
      outputs: [
        { name: 'y', from: 'dense' },
        { name: 'same', from: 'x' },
      ],
      nodes: [{ type: 'dense', name: 'dense', input: 'x', tensors: { weight: 'w' } }],
    };
    const session = new ReferenceSession({ graph, tensors });
    expect(session.stepNamed({ x: [1, 2, 3] })).toEqual({
      y: Float64Array.of(0.5 * (1 - 4 + 381), 0.25 * (-127 + 12)),
      same: Float64Array.of(1, 2, 3),
    });
    expect(session.step([0, 0, 1])).toEqual(Float64Array.of(63.5, 1));
  });

  it.each(CELLS)('%s without biases equals the one whose biases are zero', (cell) => {
    const options = { cell, input: 3, hidden: 5, depth: 2, output: 4, seed: SEED } as const;
    const without = randomModel({ ...options, bias: false });
    const withBias = randomModel(options);
    const tensors = new Map<string, Tensor>(without.tensors);
    for (const [name, tensor] of withBias.tensors) {
      if (name.includes('bias'))
        tensors.set(name, { ...tensor, dtype: 'F32', data: new Float32Array(tensor.data.length) });
    }
    expect(tensors.size).toBeGreaterThan(without.tensors.size);
    const sessions = [
      new ReferenceSession(without),
      new ReferenceSession({ graph: withBias.graph, tensors }),
    ];
    const random = new Random(SEED);
    for (let t = 0; t < 5; t++) {
      const x = random.gaussians(3);
      const [a, b] = sessions.map((session) => session.step(x));
      expect(a).toEqual(b);
    }
  });

  it.each(CELLS)('%s starts again after reset', (cell) => {
    const model = randomModel({
      cell,
      input: 6,
      vocabulary: 9,
      hidden: 5,
      depth: 2,
      activation: 'softmax',
      seed: SEED,
    });
    const session = new ReferenceSession(model);
    const tokens = new Random(SEED).integers(6, 0, 9);
    const stream = () => Array.from(tokens, (token) => session.step(token));
    const first = stream();
    expect(stream()).not.toEqual(first);
    session.reset();
    expect([...session.states.values()].every((state) => state.every((value) => value === 0))).toBe(true);
    expect(stream()).toEqual(first);
  });

  it('refuses tokens outside the vocabulary and inputs of another length', () => {
    const session = new ReferenceSession(
      randomModel({ cell: 'lstm', input: 4, vocabulary: 9, hidden: 5, depth: 1, seed: SEED }),
    );
    expect(() => session.step(9)).toThrow('token 9 in a vocabulary of 9');
    expect(() => session.step([1, 2])).toThrow('1 expected, 2 came');
  });
});
