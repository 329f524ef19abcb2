/** Convolution and pooling, over time and within a frame, float32 and int8, against the f64 reference and bit by bit. */
import { describe, expect, it } from 'vitest';
import type { RivuletErrorCode } from '../../src/errors.ts';
import type { GraphNode, ModelDefinition } from '../../src/graph/definition.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Model } from '../../src/session/model.ts';
import { scaledError } from '../reference/compare.ts';
import { ReferenceSession } from '../reference/graph.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';
import { int8 } from './cases.ts';
import { frameCases } from './frame-cases.ts';

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };
const TIMESTEPS = 40;
/** Rounding of float32 sums; of activations to 16 bits. */
const TOLERANCE = { float32: 3e-6, int8: 5e-4 };

function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}

function inputsOf({ graph }: ModelDefinition): Float32Array[] {
  const random = new Random(5);
  return Array.from({ length: TIMESTEPS }, () => random.gaussians(graph.inputs[0]!.size));
}

function stepAll(build: keyof typeof runtimes, definition: ModelDefinition, inputs: readonly Float32Array[]) {
  using model = new Model(runtimes[build], definition);
  const session = model.createSession();
  return inputs.map((x) => session.step(x));
}

/** In chunks of random lengths, some longer than the model's own. */
function runAll(definition: ModelDefinition, inputs: readonly Float32Array[], seed: number): Float32Array {
  using model = new Model(runtimes.simd, definition);
  const session = model.createSession();
  const random = new Random(seed);
  const parts: number[] = [];
  for (let t = 0; t < inputs.length; ) {
    const to = Math.min(inputs.length, t + random.integer(1, 15));
    parts.push(...session.run(Float32Array.from(inputs.slice(t, to).flatMap((x) => [...x]))));
    t = to;
  }
  return Float32Array.from(parts);
}

describe.each(frameCases().map((each) => [each.name, each.definition] as const))('%s', (_, float32) => {
  it.each(['float32', 'int8'] as const)('%s', (dtype) => {
    const definition = dtype === 'float32' ? float32 : int8(float32);
    const inputs = inputsOf(definition);
    const reference = new ReferenceSession(definition);
    const found = stepAll('simd', definition, inputs);
    let worst = 0;
    for (const [t, x] of inputs.entries()) {
      worst = Math.max(worst, scaledError(found[t]!, reference.step(x)));
    }
    expect(worst).toBeLessThan(TOLERANCE[dtype]);
    const whole = Float32Array.from(found.flatMap((y) => [...y]));
    const scalar = stepAll('scalar', definition, inputs);
    expect(bits(Float32Array.from(scalar.flatMap((y) => [...y])))).toEqual(bits(whole));
    for (let seed = 0; seed < 3; seed++) expect(bits(runAll(definition, inputs, seed))).toEqual(bits(whole));
  });
});

describe('refuses', () => {
  const conv = { type: 'convolution', tensors: { weight: 'w' } } as const;
  const frame = { type: 'frame-convolution', tensors: { weight: 'w' } } as const;
  const pool = { type: 'frame-pooling', operation: 'max', channels: 3, kernel: 2 } as const;
  const wrong: [string, object, readonly number[], RivuletErrorCode, string][] = [
    ['channels that do not divide', conv, [4, 5, 3], 'wrong-shape', 'a multiple of 5'],
    ['a stride that does not divide', { ...conv, stride: 3 }, [4, 3, 3], 'wrong-shape', '4 vectors'],
    ['a window too large', { ...conv, dilation: 65536 }, [4, 3, 9], 'wrong-shape', '1048576'],
    ['a matrix as weights', conv, [4, 3], 'wrong-shape', '[units, channels, kernel]'],
    ['weights without a kernel', conv, [4, 3, 0], 'wrong-shape', 'at least 1'],
    ['stride 0', { ...conv, stride: 0 }, [4, 3, 3], 'invalid-graph', '"stride"'],
    ['padding over time', { ...conv, padding: 1 }, [4, 3, 3], 'invalid-graph', '"padding"'],
    ['a kernel longer than the frame', frame, [4, 3, 5], 'wrong-shape', 'has 4'],
    ['a dilated one', { ...frame, dilation: 5, padding: 3 }, [4, 3, 3], 'wrong-shape', 'spans 11'],
    ['an unknown layout', { ...frame, layout: 'nchw' }, [4, 3, 3], 'invalid-graph', '"layout"'],
    ['too much padding of a pool', { ...pool, padding: 2 }, [], 'invalid-graph', 'half the kernel, 1'],
    ['a pool longer than the frame', { ...pool, kernel: 5 }, [], 'wrong-shape', 'spans 5'],
    ['a pool of no channels', { ...pool, channels: 0 }, [], 'invalid-graph', '"channels"'],
    ['channels of a pool that do not divide', { ...pool, channels: 5 }, [], 'wrong-shape', 'multiple of 5'],
    ['an unknown pooling', { type: 'time-pooling', operation: 'last' }, [], 'invalid-graph', '"operation"'],
  ];

  it.each(wrong)('%s', (_, fields, shape, code, words) => {
    const node = { ...fields, name: 'part', input: 'input' } as GraphNode;
    const count = shape.reduce((product, size) => product * size, 1);
    const weight = { dtype: 'F32' as const, shape, data: new Float32Array(count) };
    const definition: ModelDefinition = {
      graph: {
        inputs: [{ name: 'input', kind: 'features', size: 12 }],
        nodes: [node],
        outputs: [{ name: 'output', from: 'part' }],
      },
      tensors: new Map(shape.length > 0 ? [['w', weight]] : []),
    };
    const infer = () => inferShapes(definition);
    expect(infer).toThrow(expect.objectContaining({ code }));
    expect(infer).toThrow('"part"');
    expect(infer).toThrow(words);
  });
});

it('refuses a pool of endless work, which no weights stand behind', () => {
  const pool = {
    type: 'frame-pooling',
    name: 'part',
    input: 'input',
    operation: 'max',
    channels: 1,
  } as const;
  const graph = {
    inputs: [{ name: 'input', kind: 'features' as const, size: 65536 }],
    nodes: [{ ...pool, kernel: 32768, stride: 1 }],
    outputs: [{ name: 'output', from: 'part' }],
  };
  const error = expect.objectContaining({
    code: 'invalid-graph',
    message: expect.stringContaining('16777216'),
  });
  expect(() => inferShapes({ graph, tensors: new Map() })).toThrow(error);
});

it('a maximum over time is that of the first timestep where all are negative', () => {
  const [, { definition }] = [0, frameCases().find(({ name }) => name === 'max over time of 5')!];
  const graph = {
    ...definition.graph,
    nodes: definition.graph.nodes.slice(1).map((n) => ({ ...n, input: 'input' }) as GraphNode),
    inputs: [{ name: 'input', kind: 'features' as const, size: 5 }],
  };
  using model = new Model(runtimes.simd, { graph, tensors: new Map() });
  const session = model.createSession();
  expect([...session.step(Float32Array.of(-1, -2, -3, -4, -5))]).toEqual([-1, -2, -3, -4, -5]);
  expect([...session.step(Float32Array.of(-2, -1, -3, 4, -9))]).toEqual([-1, -1, -3, 4, -5]);
  session.reset();
  expect([...session.step(Float32Array.of(-7, -7, -7, -7, -7))]).toEqual([-7, -7, -7, -7, -7]);
});
