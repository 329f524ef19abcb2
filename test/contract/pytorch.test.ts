/** The golden cases of every type of node through a session and a trainer, against PyTorch's own numbers. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { FLOAT32_TOLERANCE } from '../golden/cases.ts';
import { contractFixtures } from '../golden/contract.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { scaledError } from '../reference/compare.ts';
import { testRuntime } from '../runtime.ts';
import { trainRuntime } from '../train/cases.ts';
import { expectedGradients } from './gradients.ts';

const runtime = testRuntime('simd');
const training = trainRuntime('simd');

function optionsOf({ lengths }: { readonly lengths?: ArrayLike<number> }) {
  return lengths ? { lengths: Array.from(lengths) } : {};
}

describe.each(contractFixtures().map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
  const { definition, batchSize, timesteps, window, loss } = fixture;

  it('a session has the outputs of PyTorch', () => {
    using model = new Model(runtime, definition);
    const session = model.createSession({ batchSize });
    if (window.source) session.encode(window.source.inputs, optionsOf(window.source));
    const outputs = session.run(window.inputs, optionsOf(window));
    expect(scaledError(outputs, fixture.outputs)).toBeLessThanOrEqual(FLOAT32_TOLERANCE);
  });

  it('a trainer has the loss and the gradients of PyTorch', () => {
    const encoderUnroll = window.source?.timesteps ?? 1;
    const options = { batchSize, unroll: timesteps, encoderUnroll, loss };
    const trainer = new Trainer(training, withoutMasks(definition), options);
    const result = trainer.window(window, timesteps);
    expect(scaledError([result.loss], [fixture.lossValue])).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    const found = trainer.gradients();
    for (const [name, gradient] of expectedGradients(definition, fixture.gradients))
      expect(relativeError(found.get(name)!, gradient), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    trainer.dispose();
  });
});

/** PyTorch's numbers are those of its evaluation mode, where a dropout drops nothing. */
function withoutMasks(definition: ModelDefinition): ModelDefinition {
  const { graph } = definition;
  const nodes = graph.nodes.map((node) => (node.type === 'dropout' ? { ...node, rate: 0 } : node));
  return { ...definition, graph: { ...graph, nodes } };
}
