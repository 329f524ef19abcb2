/** The gradient's flow through time against PyTorch's retained gradients and the float64 reference. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { type GradientFlow, type GradientFlowOptions, gradientFlow } from '../../src/train/gradient-flow.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { lstm } from '../contract/cases/lstm.ts';
import { isStreamable, randomRows } from '../contract/drive.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { backward } from '../reference/autodiff.ts';
import { ReferenceGraph, sequenceOf } from '../reference/graph.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { leastBudget } from './budget.ts';
import { trainRuntime } from './cases.ts';

interface FlowCase {
  readonly cell: 'rnn' | 'lstm' | 'gru';
  readonly scale: number;
  readonly at: 'last' | 'all';
  readonly tensors: Readonly<Record<string, { shape: number[]; data: number[] }>>;
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  readonly norms: Readonly<Record<string, number[]>>;
}

const url = new URL('../golden/fixtures/flow.json', import.meta.url);
const cases = JSON.parse(readFileSync(url, 'utf8')) as FlowCase[];
const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

function definitionOf({ cell, tensors }: FlowCase): ModelDefinition {
  const node = (name: string, input: string) => {
    const roles = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'];
    const names = Object.fromEntries(roles.map((role) => [role, `${name}.${role}`]));
    const more = { rnn: { nonlinearity: 'tanh' }, gru: { resetAfter: true }, lstm: {} }[cell];
    return { type: cell, name, input, tensors: names, ...more } as unknown as GraphNode;
  };
  const head = { weight: 'head.weight', bias: 'head.bias' };
  return {
    graph: {
      inputs: [{ name: 'x', kind: 'features', size: 3 }],
      outputs: [{ name: 'y', from: 'head' }],
      nodes: [node('l0', 'x'), node('l1', 'l0'), { type: 'dense', name: 'head', input: 'l1', tensors: head }],
    },
    tensors: new Map(
      Object.entries(tensors).map(([name, { shape, data }]): [string, Tensor] => [
        name,
        { dtype: 'F32', shape, data: Float32Array.from(data) },
      ]),
    ),
  };
}

function normsOf(flow: GradientFlow): Record<string, number[]> {
  return Object.fromEntries(flow.states.map(({ layer, state, norms }) => [`${layer}.${state}`, [...norms]]));
}

/** A gradient that vanishes is right to as many digits as one that does not. */
function expectNorms(found: Record<string, ArrayLike<number>>, expected: Readonly<Record<string, number[]>>) {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, norms] of Object.entries(expected)) {
    norms.forEach((norm, t) => {
      const error = Math.abs(found[name]![t]! - norm) / norm;
      expect(error, `${name} at timestep ${t}`).toBeLessThanOrEqual(10 * GRADIENT_TOLERANCE);
    });
  }
}

describe.each(
  cases.map((each) => [`${each.cell} × ${each.scale}, ${each.at}`, each] as const),
)('%s', (_, each) => {
  const definition = definitionOf(each);
  const data = { inputs: Float32Array.from(each.inputs), targets: Float32Array.from(each.targets) };
  const flow = (options: GradientFlowOptions) => gradientFlow(definition, data, { at: each.at, ...options });

  it('has the norms of PyTorch', async () => {
    expectNorms(normsOf(await flow({ runtime: runtimes.simd })), each.norms);
  });

  it('has the same bits within a memory budget, and on the scalar build', async () => {
    const expected = await flow({ runtime: runtimes.simd });
    const options = { batchSize: 1, unroll: 70, loss: 'mean-squared-error' } as const;
    const memoryBudget = leastBudget(runtimes.simd, definition, options);
    expect(await flow({ runtime: runtimes.simd, memoryBudget })).toEqual(expected);
    expect(await flow({ runtime: runtimes.scalar })).toEqual(expected);
  });
});

/** ‖dL/dy‖ of a recurrent node at every timestep, in float64. What a cell gives is its h. */
function referenceNorms(definition: ModelDefinition, inputs: Float32Array, targets: Float32Array) {
  const graph = new ReferenceGraph(definition);
  const { name, size } = definition.graph.inputs[0]!;
  const run = graph.run({ [name]: sequenceOf(inputs, size) }, {});
  const outputs = run.values.get(definition.graph.outputs[0]!.from)!;
  const width = targets.length / outputs.length;
  const seeds = outputs.map((value, t) => ({
    value,
    seed: Float64Array.from(value.data, (y, i) => (2 * (y - targets[t * width + i]!)) / targets.length),
  }));
  backward(seeds);
  return (node: string) => run.values.get(node)!.map(({ gradient }) => Math.hypot(...gradient));
}

describe('every cell, of several streams in a trainer', () => {
  it.each(CELLS)('%s', (cell) => {
    const [batch, timesteps] = [3, 20];
    const definition = randomModel({ cell, input: 4, hidden: 19, depth: 2, output: 3, seed: 41 });
    const random = new Random(42);
    const inputs = random.gaussians(timesteps * batch * 4);
    const targets = random.gaussians(timesteps * batch * 3);
    const options = { batchSize: batch, unroll: timesteps, loss: 'mean-squared-error' } as const;
    const trainer = new Trainer(runtimes.simd, definition, { ...options, watchStates: true });
    trainer.window({ inputs, targets }, timesteps);
    const found = trainer.stateGradientNorms(timesteps);
    const streamOf = (values: Float32Array, width: number, row: number) =>
      Float32Array.from({ length: timesteps * width }, (_, i) => {
        return values[(Math.floor(i / width) * batch + row) * width + (i % width)]!;
      });
    const streams = Array.from({ length: batch }, (_, row) =>
      referenceNorms(definition, streamOf(inputs, 4, row), streamOf(targets, 3, row)),
    );
    for (const node of definition.graph.nodes.slice(0, 2)) {
      const rows = streams.map((norms) => norms(node.name));
      const expected = Array.from({ length: timesteps }, (_, t) => {
        return Math.hypot(...rows.map((row) => row[t]! / batch));
      });
      expectNorms({ h: found.get(`${node.name}.h`)! }, { h: expected });
    }
    trainer.dispose();
  });
});

describe('variants of the LSTM, whose parts are ops of their own', () => {
  const variants = lstm.filter(
    ({ definition: { graph } }) =>
      graph.encoder === undefined && graph.nodes.length <= 2 && graph.inputs[0]!.kind === 'features',
  );
  it.each(variants.map((each) => [each.name, each] as const))('%s', async (_, { definition }) => {
    const node = definition.graph.nodes.find(({ type }) => type === 'lstm')!;
    if ('direction' in node && node.direction === 'both') return; // its value is that of two cells
    const random = new Random(43);
    const timesteps = isStreamable(definition) ? 70 : 30;
    const inputs = randomRows(definition.graph.inputs[0]!, timesteps, random) as Float32Array;
    const width = new ReferenceGraph(definition)
      .run({ [definition.graph.inputs[0]!.name]: sequenceOf(inputs, definition.graph.inputs[0]!.size) }, {})
      .values.get(definition.graph.outputs[0]!.from)![0]!.data.length;
    const targets = random.gaussians(timesteps * width);
    const options = { at: 'all', runtime: runtimes.simd } as const;
    const flow = await gradientFlow(definition, { inputs, targets }, options);
    const expected = referenceNorms(definition, inputs, targets)(node.name);
    expectNorms({ h: flow.states.find(({ state }) => state === 'h')!.norms }, { h: expected });
  });
});

describe('what is refused', () => {
  const definition = definitionOf(cases[0]!);
  const data = { inputs: new Float32Array(30), targets: new Float32Array(20) };
  const runtime = runtimes.simd;

  it.each([
    [{ timesteps: 11 }, 'timesteps must be an integer from 1 to 10'],
    [{ timesteps: 0 }, 'timesteps must be an integer from 1 to 10'],
    [{ at: 'first' }, 'at must be "last" or "all"'],
    [{ memoryBudget: 10 }, 'memoryBudget must be'],
  ])('%j', async (options, message) => {
    await expect(
      gradientFlow(definition, data, { runtime, ...options } as GradientFlowOptions),
    ).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });

  it('a loss of whole sequences', async () => {
    const labelled = [{ inputs: new Float32Array(30), targets: Uint32Array.of(1) }];
    await expect(gradientFlow(definition, labelled, { runtime, loss: 'ctc' })).rejects.toThrow(
      expect.objectContaining({ code: 'not-supported', message: expect.stringContaining('"ctc"') }),
    );
  });

  it('a model without a recurrent layer', async () => {
    const { graph, tensors } = definition;
    const dense = {
      type: 'dense',
      name: 'head',
      input: 'x',
      tensors: { weight: 'w' },
    } as const;
    const plain = {
      graph: { ...graph, nodes: [dense] },
      tensors: new Map([
        ['w', { ...tensors.get('head.weight')!, shape: [2, 3], data: new Float32Array(6) } as Tensor],
      ]),
    };
    await expect(gradientFlow(plain, data, { runtime })).rejects.toThrow(
      expect.objectContaining({
        code: 'not-supported',
        message: expect.stringContaining('no recurrent layer'),
      }),
    );
  });
});
