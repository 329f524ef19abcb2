/** A graph of every type of node, changed at random: it is refused, or it is a model that can be laid out. */
import { describe, expect, it } from 'vitest';
import { RivuletError } from '../../src/errors.ts';
import type { Graph } from '../../src/graph/definition.ts';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { allNodes } from '../../src/graph/reads.ts';
import {
  activation,
  add,
  affine,
  attention,
  batchNorm,
  concat,
  convolution,
  dense,
  div,
  dropout,
  embedding,
  fakeQuantize,
  frameConvolution,
  framePooling,
  gru,
  input,
  layerNorm,
  lstm,
  minGru,
  minLstm,
  model,
  mul,
  prelu,
  rnn,
  slice,
  statesOf,
  sub,
  timePooling,
  tokens,
} from '../../src/index.ts';
import { describeShape } from '../../src/plan/shape.ts';
import { Model } from '../../src/session/model.ts';
import { changeTree, type Json } from '../fuzz/json-mutants.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';

const SEED = 11;
const MUTANTS = 1000;
const runtime = testRuntime();

function everyNode() {
  const source = tokens('source', 5);
  const encoded = lstm(4, {
    direction: 'both',
    merge: 'average',
    peephole: true,
    layerNorm: true,
    epsilon: 1e-4,
  })(embedding(5, 6)(source));
  const x = input('x', 12);
  const framed = framePooling('max', 2, { channels: 3, stride: 1 })(
    frameConvolution(3, 3, { channels: 4, padding: 1, layout: 'channels-first' })(x),
  );
  const past = convolution(4, 3, { channels: 2, stride: 3, dilation: 2, activation: 'elu' })(framed);
  const normed = batchNorm({ channels: 2 })(layerNorm()(past));
  const scaled = affine()(prelu()(fakeQuantize(0.01)(normed)));
  const pair = div(sub(scaled, normed), activation('sigmoid')(scaled));
  const h = lstm(4, {
    initial: { h: statesOf(encoded).h, c: statesOf(encoded)['reverse.c']! },
    coupled: true,
    cellClip: 3,
    gateClip: 9,
  })(pair);
  const g = gru(4, { gateActivation: 'hard-sigmoid', initial: { h: encoded } })(h);
  const m = add([minGru(4)(g), minLstm(4, { learnInitial: true })(g), attention(encoded, { scale: 0.5 })(g)]);
  const r = rnn(4, { nonlinearity: { type: 'clip', low: -1, high: 1 } })(
    dropout(0.5)(mul([m, slice(0, 4)(x)])),
  );
  const y = activation('softmax')(dense(5)(concat([timePooling('mean')(r), h])));
  const definition = model({ encoder: { inputs: [source] }, inputs: [x], outputs: { y, r }, runtime });
  const { graph } = definition;
  const state = { name: 'state', input: 'dense', type: 'state', tensors: {}, size: 5 } as const;
  const said = { name: 'said', inputs: ['dense', 'state'], type: 'add' } as const;
  return { ...definition, graph: { ...graph, nodes: [state, ...graph.nodes, said] } };
}

describe('a graph of every type of node', () => {
  const definition = everyNode();

  it('has every type', () => {
    const types = new Set(allNodes(definition.graph).map(({ type }) => type));
    expect([...types].sort()).toEqual(Object.keys(NODE_KINDS).sort());
  });

  it('changed at random is refused or can be laid out', () => {
    const random = new Random(SEED);
    const outcomes = new Map<string, number>();
    for (let mutant = 0; mutant < MUTANTS; mutant++) {
      const graph = structuredClone(definition.graph) as unknown as Json;
      for (let change = random.integer(1, 3); change > 0; change--) changeTree(graph, random);
      const place = `seed ${SEED}, mutant ${mutant}: ${JSON.stringify(graph)}`;
      const changed = { ...definition, graph: graph as unknown as Graph };
      let outcome = 'valid';
      try {
        new Model(runtime, changed).dispose();
        for (const part of describeShape(changed)) expect(part, place).toMatch(/^[\x20-\x7e]{1,4096}$/);
      } catch (error) {
        expect(error, place).toBeInstanceOf(RivuletError);
        outcome = (error as RivuletError).code;
      }
      expect(outcome, place).not.toBe('invalid-plan');
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(outcomes.get('valid')).toBeGreaterThan(MUTANTS / 50);
    expect(outcomes.get('invalid-graph')).toBeGreaterThan(MUTANTS / 20);
  });
});
