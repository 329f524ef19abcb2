/** Graphs with an encoder: what may read what, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { Graph, GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { parseGraph } from '../../src/graph/parse.ts';
import { allNodes } from '../../src/graph/reads.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { describeShape } from '../../src/plan/shape.ts';
import { float32 } from '../formats/models.ts';
import { refusalText } from '../formats/refusals.ts';

const HIDDEN = 4;

/** Reads 3 values, gives HIDDEN. */
function lstm(name: string, reads: string, more: object = {}): GraphNode {
  const tensors = { weight_ih: `${name}.ih`, weight_hh: `${name}.hh` };
  return { name, type: 'lstm', input: reads, tensors, ...more } as GraphNode;
}

/** The same in both directions. */
function bothWays(name: string, reads: string): GraphNode {
  const tensors = { weight_ih: `${name}.ih`, weight_hh: `${name}.hh` };
  const reverse = { weight_ih_reverse: `${name}.ih_r`, weight_hh_reverse: `${name}.hh_r` };
  return lstm(name, reads, { direction: 'both', tensors: { ...tensors, ...reverse } });
}

const attention: GraphNode = { name: 'attention', type: 'attention', input: 'decoder', memory: 'encoder' };
const initial = { h: 'encoder.h', c: 'encoder.c' };

const graph: Graph = {
  encoder: {
    inputs: [{ name: 'source', kind: 'features', size: 3 }],
    nodes: [lstm('encoder', 'source')],
  },
  inputs: [{ name: 'x', kind: 'features', size: 3 }],
  outputs: [{ name: 'y', from: 'attention' }],
  nodes: [lstm('decoder', 'x', { initial }), attention],
};

/** A graph with tensors for its cells. */
function definitionOf(changed: Graph): ModelDefinition {
  const tensors = new Map<string, Tensor>();
  for (const node of allNodes(changed)) {
    if (!('tensors' in node)) continue;
    for (const name of Object.values(node.tensors as Record<string, string>)) {
      tensors.set(name, float32([4 * HIDDEN, name.includes('hh') ? HIDDEN : 3]));
    }
  }
  return { graph: changed, tensors };
}

const withNodes = (...nodes: readonly GraphNode[]): Graph => ({
  ...graph,
  nodes,
  outputs: [{ name: 'y', from: nodes.at(-1)!.name }],
});
const withEncoder = (...nodes: readonly GraphNode[]): Graph => ({
  ...graph,
  encoder: { ...graph.encoder!, nodes },
});
const slice = (size: number, input = 'x'): GraphNode => ({
  name: 'slice',
  type: 'slice',
  input,
  start: 0,
  size,
});

describe('a graph with an encoder', () => {
  it('has the sizes and states of both sections', () => {
    const shapes = inferShapes(definitionOf(graph));
    expect(Object.fromEntries(shapes.sizes)).toEqual({
      source: 3,
      encoder: HIDDEN,
      x: 3,
      decoder: HIDDEN,
      attention: HIDDEN,
    });
    const states = { 'encoder.h': 4, 'encoder.c': 4, 'decoder.h': 4, 'decoder.c': 4 };
    expect(Object.fromEntries(shapes.states)).toEqual(states);
    expect(shapes.firstNotStreamable).toBeUndefined();
  });

  it('is parsed into one order of fields', () => {
    const { encoder, ...others } = graph;
    const parsed = parseGraph({ ...others, encoder });
    expect(Object.keys(parsed)).toEqual(['encoder', 'inputs', 'outputs', 'nodes']);
    expect(parsed).toEqual(graph);
  });

  it('hands over what a node of the encoder gives at its last timestep', () => {
    const nodes = [lstm('decoder', 'x', { initial: { h: 'encoder' } }), attention];
    expect(inferShapes(definitionOf({ ...graph, nodes })).sizes.get('decoder')).toBe(HIDDEN);
  });

  it('streams with a backward encoder, but not with a backward node outside it', () => {
    const encoder = withEncoder(lstm('encoder', 'source', { direction: 'backward' }));
    expect(inferShapes(definitionOf(encoder)).firstNotStreamable).toBeUndefined();
    const nodes = [
      lstm('decoder', 'x'),
      lstm('second', 'x', { direction: 'backward' }),
      lstm('third', 'x', { direction: 'backward' }),
    ];
    expect(inferShapes(definitionOf(withNodes(...nodes))).firstNotStreamable).toBe('second');
  });

  const { encoder: _, ...alone } = graph;
  const refusals: readonly [string, Graph, RegExp][] = [
    [
      'attention without an encoder',
      { ...alone, nodes: [lstm('decoder', 'x'), attention] },
      /^invalid-graph: node "attention": .*no.*before/,
    ],
    [
      'initial states without an encoder',
      { ...alone, nodes: [lstm('decoder', 'x', { initial })], outputs: [{ name: 'y', from: 'decoder' }] },
      /^invalid-graph: node "decoder": initial .*no encoder/,
    ],
    [
      'attention within the encoder',
      withEncoder(lstm('encoder', 'source'), { ...attention, name: 'inner', input: 'encoder' }),
      /^invalid-graph: node "inner": .*none before/,
    ],
    [
      'a memory that is no node',
      withNodes(lstm('decoder', 'x'), { ...attention, memory: 'source' } as GraphNode),
      /^invalid-graph: node "attention": its memory "source" is no node of the encoder; its nodes are "encoder"/,
    ],
    [
      'a memory of another size',
      withNodes(slice(2), { ...attention, input: 'slice' } as GraphNode),
      /^wrong-shape: node "attention": its query "slice" has 2 values, but its memory "encoder" .*has 4/,
    ],
    [
      'a node that reads the encoder',
      withNodes(slice(2, 'encoder')),
      /^invalid-graph: node "slice" reads "encoder", which is of the encoder/,
    ],
    [
      'an encoder that reads the graph',
      withEncoder(lstm('encoder', 'x')),
      /^invalid-graph: node "encoder" reads "x", which is neither/,
    ],
    [
      'an output of the encoder',
      { ...graph, outputs: [{ name: 'y', from: 'encoder' }] },
      /^invalid-graph: output "y" is from "encoder", which is of the encoder/,
    ],
    ['one name in both', withNodes(lstm('encoder', 'x')), /^invalid-graph: node "encoder": .*already/],
    [
      'one name for inputs of both',
      { ...graph, inputs: [{ name: 'source', kind: 'features', size: 3 }] },
      /^invalid-graph: graph: the input "source"/,
    ],
    [
      'an unknown state',
      withNodes(lstm('decoder', 'x', { initial: { k: 'encoder.h' } })),
      /^invalid-graph: node "decoder": initial: no state "k"; its states are "h", "c"/,
    ],
    [
      'an unknown source',
      withNodes(lstm('decoder', 'x', { initial: { h: 'encoder.k' } })),
      /^invalid-graph: .*"encoder.k" is neither .* states are "encoder.h", "encoder.c"/,
    ],
    [
      'a source of another size',
      {
        ...withNodes(lstm('decoder', 'x', { initial: { h: 'part' } })),
        encoder: {
          ...graph.encoder!,
          nodes: [lstm('encoder', 'source'), { ...slice(2, 'source'), name: 'part' }],
        },
      },
      /^wrong-shape: node "decoder": initial: the state "h" has 4 values, but "part" of the encoder has 2/,
    ],
    [
      'a cycle in the encoder',
      withEncoder(lstm('encoder', 'later'), lstm('later', 'encoder')),
      /^invalid-graph: node "encoder" reads "later", .*without cycles/,
    ],
    ['an encoder without nodes', withEncoder(), /^invalid-graph: graph: encoder: .*at least one node/],
    [
      'two states of one name',
      withEncoder(bothWays('encoder', 'source'), lstm('encoder.reverse', 'source')),
      /^invalid-graph: node "encoder.reverse": .* state "encoder.reverse.h"/,
    ],
  ];
  it.each(refusals)('refuses %s', (_name, changed, message) => {
    expect(refusalText(() => inferShapes(definitionOf(changed)))).toMatch(message);
  });
});

describe('the fingerprint of a graph with an encoder', () => {
  const shapeOf = (changed: Graph) => [...describeShape(definitionOf(changed))].join('');
  const two = withEncoder(lstm('encoder', 'source'), lstm('second', 'source'));
  const changes: readonly [string, Graph][] = [
    ['another memory', { ...two, nodes: [two.nodes[0]!, { ...attention, memory: 'second' } as GraphNode] }],
    [
      'another beginning',
      { ...two, nodes: [lstm('decoder', 'x', { initial: { ...initial, h: 'second.h' } }), attention] },
    ],
    [
      'a value instead of a state',
      { ...two, nodes: [lstm('decoder', 'x', { initial: { ...initial, h: 'encoder' } }), attention] },
    ],
    ['another scale', { ...two, nodes: [two.nodes[0]!, { ...attention, scale: 0.5 } as GraphNode] }],
    ['no encoder node behind', graph],
  ];
  it.each(changes)('changes with %s', (_name, changed) => {
    expect(shapeOf(changed)).not.toBe(shapeOf(two));
  });

  it('comes in pieces, however much a node reads', () => {
    const inputs = Array.from({ length: 3000 }, () => 'x');
    const wide = definitionOf(withNodes({ name: 'sum', type: 'add', inputs }));
    inferShapes(wide);
    expect([...describeShape(wide)].every((part) => part.length <= 4096)).toBe(true);
    expect([...describeShape(wide)].join('').length).toBeGreaterThan(4096);
  });

  it('does not change with names', () => {
    const text = JSON.stringify(two)
      .replaceAll('encoder', 'e')
      .replaceAll('second', 's')
      .replace('{"e"', '{"encoder"');
    expect(shapeOf(JSON.parse(text))).toBe(shapeOf(two));
  });
});
