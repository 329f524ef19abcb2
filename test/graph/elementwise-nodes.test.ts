import { describe, expect, it } from 'vitest';
import { OpCode } from '../../assembly/shared/codes.ts';
import type { Graph, GraphNode, Tensor } from '../../src/graph/definition.ts';
import { parseGraph } from '../../src/graph/parse.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { planModel } from '../../src/plan/plan.ts';
import { refusalText } from '../formats/refusals.ts';

// activation, add, mul, concat, slice, dropout, quantize, layernorm, batchnorm: their JSON, their shapes, what is refused, and
// what becomes of them in a plan.

const INPUTS = [
  { name: 'x', kind: 'features', size: 6 },
  { name: 'z', kind: 'features', size: 4 },
] as const;

function graphOf(node: object): Graph {
  const nodes = [{ name: 'node', ...node }] as unknown as GraphNode[];
  return { inputs: INPUTS, outputs: [{ name: 'y', from: 'node' }], nodes };
}

function vector(values: ArrayLike<number>): Tensor {
  return { dtype: 'F32', shape: [values.length], data: Float32Array.from(values) };
}

function definitionOf(node: object, tensors: Readonly<Record<string, ArrayLike<number>>> = {}) {
  const entries = Object.entries(tensors).map(([name, values]) => [name, vector(values)] as const);
  return { graph: parseGraph(graphOf(node)), tensors: new Map(entries) };
}

const ones = (n: number) => new Float32Array(n).fill(1);
const norm = { type: 'batchnorm', input: 'x', tensors: { running_mean: 'mean', running_var: 'var' } };
const statistics = { mean: ones(3), var: ones(3) };

const GOOD: [name: string, node: object, size: number, tensors?: Record<string, ArrayLike<number>>][] = [
  ['an activation by name', { type: 'activation', input: 'x', activation: 'softsign' }, 6],
  [
    'an activation with parameters',
    { type: 'activation', input: 'x', activation: { type: 'elu', alpha: 0.5 } },
    6,
  ],
  ['add', { type: 'add', inputs: ['x', 'x', 'x'] }, 6],
  ['mul', { type: 'mul', inputs: ['z', 'z'] }, 4],
  ['concat', { type: 'concat', inputs: ['x', 'z', 'x'] }, 16],
  ['slice', { type: 'slice', input: 'x', start: 2, size: 4 }, 4],
  ['dropout', { type: 'dropout', input: 'x', rate: 0.9 }, 6],
  ['quantize', { type: 'quantize', input: 'x', scale: 0.1, zeroPoint: 128, low: 0, high: 255 }, 6],
  ['layernorm with nothing', { type: 'layernorm', input: 'x', tensors: {} }, 6],
  [
    'layernorm with everything',
    { type: 'layernorm', input: 'x', tensors: { weight: 'w', bias: 'b' }, epsilon: 1e-3 },
    6,
    { w: ones(6), b: ones(6) },
  ],
  ['batchnorm', { ...norm, layout: 'channels-first' }, 6, statistics],
];

describe.each(GOOD)('%s', (_, node, size, tensors) => {
  it(`is read as it is written, and gives ${size} values`, () => {
    const definition = definitionOf(node, tensors);
    expect(definition.graph.nodes).toEqual([{ name: 'node', ...node }]);
    expect(inferShapes(definition).sizes.get('node')).toBe(size);
  });
});

const REFUSED: [why: string, node: object, error: string, tensors?: Record<string, ArrayLike<number>>][] = [
  [
    'an unknown activation',
    { type: 'activation', input: 'x', activation: 'swish' },
    'invalid-graph: node "node": field "activation" must be one of sigmoid, ',
  ],
  [
    'a slope that hides the sign',
    { type: 'activation', input: 'x', activation: { type: 'leaky-relu', alpha: -1 } },
    'field "alpha" must be a number from 0 to 1000000, got -1',
  ],
  [
    'a parameter that is missing',
    { type: 'activation', input: 'x', activation: { type: 'clip', low: 0 } },
    'field "high" must be a number from 0 to 1000000, got nothing',
  ],
  [
    'a sum of two sizes',
    { type: 'add', inputs: ['x', 'z'] },
    'wrong-shape: node "node": add needs values of one size, but "x" has 6 and "z" has 4',
  ],
  [
    'a product of two sizes',
    { type: 'mul', inputs: ['z', 'z', 'x'] },
    'wrong-shape: node "node": mul needs values of one size, but "z" has 4 and "x" has 6',
  ],
  [
    'a slice beyond the end',
    { type: 'slice', input: 'x', start: 4, size: 3 },
    'wrong-shape: node "node": values 4 to 6 are wanted, but "x" has 6 values',
  ],
  [
    'a slice of nothing',
    { type: 'slice', input: 'x', start: 4, size: 0 },
    'field "size" must be an integer from 1 to ',
  ],
  [
    'a rate that leaves too little',
    { type: 'dropout', input: 'x', rate: 0.95 },
    'invalid-graph: node "node": field "rate" must be a number from 0 to 0.9, got 0.95',
  ],
  [
    'a zero point beyond the integers',
    { type: 'quantize', input: 'x', scale: 0.1, zeroPoint: 128, low: -128, high: 127 },
    'invalid-graph: node "node": field "zeroPoint" must be an integer from -128 to 127, got 128',
  ],
  [
    'a scale of nothing',
    { type: 'quantize', input: 'x', scale: 0, zeroPoint: 0, low: -128, high: 127 },
    'invalid-graph: node "node": field "scale" must be a number from 1e-30 to 1e+30, got 0',
  ],
  [
    'a norm without an epsilon',
    { type: 'layernorm', input: 'x', tensors: {}, epsilon: 0 },
    'field "epsilon" must be a number from 1e-12 to 1, got 0',
  ],
  [
    'a scale of another size',
    { type: 'layernorm', input: 'x', tensors: { weight: 'w' } },
    'wrong-shape: node "node": weight "w": expected [6], got [5]',
    { w: ones(5) },
  ],
  [
    'channels that do not divide the value',
    norm,
    'wrong-shape: node "node": it has 4 channels, but reads 6 values; expected a multiple of 4',
    { mean: ones(4), var: ones(4) },
  ],
  [
    'statistics of two sizes',
    norm,
    'wrong-shape: node "node": running_var "var": expected [3], got [2]',
    { mean: ones(3), var: ones(2) },
  ],
];

describe('refused is', () => {
  it.each(REFUSED)('%s', (_, node, error, tensors) => {
    expect(refusalText(() => inferShapes(definitionOf(node, tensors)))).toContain(error);
  });

  it('a variance below 0, when it is folded', () => {
    const definition = definitionOf(norm, { mean: ones(3), var: [1, 1, -1] });
    expect(refusalText(() => planModel(definition))).toBe(
      'non-finite-weight: node "node": running_var "var"[2] must be 0 or more, got -1',
    );
  });
});

describe('a plan', () => {
  it('has a dropout as a copy, so that a model is the same plan in training', () => {
    const { ops } = planModel(definitionOf({ type: 'dropout', input: 'x', rate: 0.5 }));
    expect(ops.map(({ code }) => code)).toEqual([OpCode.Dropout]);
  });

  it('has a sum of k values as k - 1 sums, none in the place of what another reads', () => {
    const { ops } = planModel(definitionOf({ type: 'add', inputs: ['x', 'x', 'x', 'x'] }));
    expect(ops.map(({ code }) => code)).toEqual([OpCode.Add, OpCode.Add, OpCode.Add]);
    const outputs = ops.map(({ operands }) => operands[2]);
    expect(new Set(outputs.map((out) => JSON.stringify(out))).size).toBe(3);
    expect(ops[2]!.operands[0]).toEqual(outputs[1]);
  });
});
