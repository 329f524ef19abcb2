import { describe, expect, it } from 'vitest';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { kindOf } from '../../src/graph/nodes/table.ts';
import { parseGraph } from '../../src/graph/parse.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { planModel } from '../../src/plan/plan.ts';
import { refusalText } from '../formats/refusals.ts';

// rnn, lstm, gru, mingru, minlstm: their options and tensors, the sizes that follow, and what is refused. What they
// compute is checked in test/contract.

const INPUTS = 2;
const HIDDEN = 3;
const PROJECTED = 5;

/** Shapes of the tensors; each is named after its role. */
function shapes(blocks: number, h = HIDDEN): Readonly<Record<string, readonly number[]>> {
  const rows = blocks * HIDDEN;
  return {
    weight_ih: [rows, INPUTS],
    weight_hh: [rows, h],
    weight_hr: [PROJECTED, HIDDEN],
    h0: [h],
    c0: [HIDDEN],
    peephole: [3 * HIDDEN],
    norm_c_weight: [HIDDEN],
    norm_c_bias: [HIDDEN],
    others: [rows],
  };
}

interface Cell {
  readonly node: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  readonly blocks: number;
  readonly h?: number;
}

function definitionOf({ node, roles, blocks, h }: Cell): ModelDefinition {
  const all = shapes(blocks, h);
  const tensors = new Map(
    roles.map((role): [string, Tensor] => {
      const shape = all[role.replace('_reverse', '')] ?? all.others!;
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      return [role, { dtype: 'F32', shape, data }];
    }),
  );
  const names = Object.fromEntries(roles.map((role) => [role, role]));
  const nodes = [{ name: 'cell', input: 'x', ...node, tensors: names }];
  const inputs = [{ name: 'x', kind: 'features', size: INPUTS }];
  const graph = { inputs, outputs: [{ name: 'y', from: 'cell' }], nodes };
  return { graph, tensors } as unknown as ModelDefinition;
}

const both = (roles: readonly string[]) => [...roles, ...roles.map((role) => `${role}_reverse`)];
const MATRICES = ['weight_ih', 'weight_hh'];
const NORMS = ['norm_ih', 'norm_hh', 'norm_c'].flatMap((norm) => [`${norm}_weight`, `${norm}_bias`]);

const LSTM: Cell = { node: { type: 'lstm' }, roles: MATRICES, blocks: 4 };
const GRU: Cell = { node: { type: 'gru', resetAfter: true }, roles: MATRICES, blocks: 3 };
const MINGRU: Cell = { node: { type: 'mingru' }, roles: ['weight_ih'], blocks: 2 };

/** A cell with other options, or with more roles. */
function changed(cell: Cell, options: object, more: readonly string[] = []): Cell {
  return { ...cell, node: { ...cell.node, ...options }, roles: [...cell.roles, ...more] };
}

const GOOD: readonly [name: string, cell: Cell, size: number, attributes: string, states: string][] = [
  [
    'rnn',
    { node: { type: 'rnn', nonlinearity: 'identity' }, roles: MATRICES, blocks: 1 },
    3,
    'identity',
    'h',
  ],
  ['lstm', LSTM, 3, '', 'h c'],
  ['lstm with all vectors', changed(LSTM, {}, ['bias_ih', 'bias_hh', 'h0', 'c0', 'peephole']), 3, '', 'h c'],
  ['lstm with the usual activations', changed(LSTM, { gateActivation: 'sigmoid' }), 3, '', 'h c'],
  [
    'projected lstm',
    { ...changed(LSTM, { direction: 'both' }), roles: both([...MATRICES, 'weight_hr', 'h0']), h: PROJECTED },
    2 * PROJECTED,
    'both concat',
    'h c reverse.h reverse.c',
  ],
  [
    'coupled lstm',
    { ...changed(LSTM, { coupled: true, cellClip: 3, gateClip: 2 }), blocks: 3 },
    3,
    'coupled cell-clip 3 gate-clip 2',
    'h c',
  ],
  ['lstm with layer norms', changed(LSTM, { epsilon: 1e-3 }, NORMS), 3, 'epsilon 0.001', 'h c'],
  [
    'gru',
    changed(GRU, { gateActivation: 'hard-sigmoid', candidateActivation: 'relu' }),
    3,
    'after gate hard-sigmoid 0.2 0.5 candidate relu',
    'h',
  ],
  ['backward gru', changed(GRU, { direction: 'backward' }), 3, 'after backward', 'h'],
  [
    'gru both ways',
    { ...changed(GRU, { direction: 'both', merge: 'sum' }), roles: both(MATRICES) },
    3,
    'after both sum',
    'h reverse.h',
  ],
  ['mingru', changed(MINGRU, { candidateActivation: 'tanh' }, ['bias_ih', 'h0']), 3, 'candidate tanh', 'h'],
  ['minlstm', { ...changed(MINGRU, { type: 'minlstm' }), blocks: 3 }, 3, '', 'h'],
];

describe.each(GOOD)('%s', (_, cell, size, attributes, states) => {
  const definition = definitionOf(cell);

  it(`is read as it is written, and gives ${size} values`, () => {
    const graph = parseGraph(definition.graph);
    expect(graph.nodes).toEqual(definition.graph.nodes);
    expect(inferShapes(definition).sizes.get('cell')).toBe(size);
    expect(kindOf(graph.nodes[0]!).attributes(graph.nodes[0]!)).toBe(attributes);
  });

  it(`has the states ${states}`, () => {
    const names = planModel(definition).states.map(({ name }) => name);
    expect(names).toEqual(states.split(' ').map((state) => `cell.${state}`));
  });
});

const ONLY = 'but of h0 and h0_reverse there is only';
const REFUSED: readonly [why: string, cell: Cell, error: string][] = [
  [
    'a direction that is none',
    changed(LSTM, { direction: 'up' }),
    'field "direction" must be one of forward',
  ],
  [
    'a merge of one half',
    changed(LSTM, { merge: 'sum' }),
    'merge "sum" joins the halves of direction "both"',
  ],
  ['a missing half', changed(LSTM, { direction: 'both' }), 'there is only weight_ih'],
  ['a half too many', { ...LSTM, roles: both(MATRICES) }, 'weight_ih_reverse belongs to direction "both"'],
  [
    'a role of the forward half alone',
    { ...changed(LSTM, { direction: 'both' }), roles: [...both(MATRICES), 'h0'] },
    `${ONLY} h0`,
  ],
  [
    'a role of the backward half alone',
    { ...changed(LSTM, { direction: 'both' }), roles: [...both(MATRICES), 'h0_reverse'] },
    `${ONLY} h0_reverse`,
  ],
  ['a role of another cell', changed(GRU, {}, ['peephole']), 'unknown field "peephole"'],
  ['an option of another cell', changed(GRU, { cellClip: 1 }), 'unknown field "cellClip"'],
  ['softmax within a cell', changed(GRU, { gateActivation: 'softmax' }), 'field "gateActivation" must be'],
  ['a clip that leaves nothing', changed(LSTM, { cellClip: 0 }), 'field "cellClip" must be a number from'],
  ['an epsilon without a norm', changed(LSTM, { epsilon: 1e-3 }), 'epsilon is that of layer norms'],
  ['a shift without its scale', changed(LSTM, {}, ['norm_hh_bias']), 'which needs its scale norm_hh_weight'],
  [
    'two beginnings of one state',
    changed(LSTM, { initial: { h: 'encoder.h' } }, ['h0']),
    'the state "h" begins either with the tensor h0 or with what "initial" names',
  ],
];

describe('is refused, naming the node:', () => {
  it.each(REFUSED)('%s', (_, cell, error) => {
    const text = refusalText(() => inferShapes(definitionOf(cell)));
    expect(text).toMatch(/^invalid-graph: node "cell": /);
    expect(text).toContain(error);
  });

  it('a tensor of another shape', () => {
    const wrong = (cell: Cell) => refusalText(() => inferShapes(definitionOf(cell)));
    expect(wrong(changed(LSTM, { coupled: true }))).toBe(
      'wrong-shape: node "cell": weight_hh "weight_hh": expected [9, 3], got [12, 3]',
    );
    expect(wrong({ ...changed(LSTM, {}, ['weight_hr']) })).toBe(
      'wrong-shape: node "cell": weight_hh "weight_hh": expected [12, 5], got [12, 3]',
    );
    expect(wrong({ ...MINGRU, blocks: 3 })).toBe(
      'wrong-shape: node "cell": weight_ih "weight_ih": expected [8, 2], got [9, 2]',
    );
  });
});
