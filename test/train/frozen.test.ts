/** What is frozen changes nothing of what is trained, and costs no backward work. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { allNodes } from '../../src/graph/reads.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { randomRows } from '../contract/drive.ts';
import { variantsOf } from '../contract/table.ts';
import type { Variant } from '../contract/variant.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { bits, trainRuntime } from './cases.ts';

const runtime = trainRuntime('simd');
const [BATCH, UNROLL, SOURCE] = [2, 5, 4];

function windowOf({ definition, loss }: Variant): WindowInput {
  const random = new Random(1);
  const { inputs, outputs, encoder } = definition.graph;
  const size = inferShapes(definition).sizes.get(outputs[0]!.from)!;
  const rows = UNROLL * BATCH;
  const source = encoder && {
    inputs: randomRows(encoder.inputs[0]!, SOURCE * BATCH, random),
    timesteps: SOURCE,
  };
  return {
    inputs: randomRows(inputs[0]!, rows, random),
    targets: loss === 'cross-entropy' ? random.integers(rows, 0, size) : random.gaussians(rows * size),
    lengths: [UNROLL, 3],
    ...(source && { source }),
  };
}

interface Found {
  readonly loss: number;
  readonly norm: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

function gradients(variant: Variant, window: WindowInput, trainable?: (name: string) => boolean): Found {
  const { definition, loss = 'mean-squared-error' } = variant;
  const options = { batchSize: BATCH, unroll: UNROLL, encoderUnroll: SOURCE, loss, dropout: 0.25, seed: 3 };
  const trainer = new Trainer(runtime, definition, { ...options, ...(trainable && { trainable }) });
  // The second window has another tape behind it.
  const results = [0, 1].map(() => trainer.window(window, UNROLL));
  const found = { loss: results[1]!.loss, norm: results[1]!.gradientNorm, gradients: trainer.gradients() };
  trainer.dispose();
  return found;
}

function normOf(tensors: Iterable<Float32Array>): number {
  let sum = 0;
  for (const values of tensors) for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** Each tensor alone, and each node's together. */
function choices(definition: ModelDefinition): readonly ReadonlySet<string>[] {
  const nodes = allNodes(definition.graph).map(
    (node) => new Set('tensors' in node ? Object.values<string>({ ...node.tensors }) : []),
  );
  const single = nodes.flatMap((names) => [...names].map((name) => new Set([name])));
  return [...nodes.filter(({ size }) => size > 0), ...single];
}

describe.each(
  variantsOf(NODE_KINDS).flatMap(([type, variants]) =>
    variants.filter(({ untrained }) => !untrained).map((each) => [`${type}: ${each.name}`, each] as const),
  ),
)('%s', (_, variant) => {
  it('a tensor that is trained alone has the gradient that it has among all', () => {
    const window = windowOf(variant);
    const all = gradients(variant, window);
    for (const names of choices(variant.definition)) {
      const some = gradients(variant, window, (name) => names.has(name));
      expect(some.loss).toBe(all.loss);
      const trained = [...some.gradients].filter(([name]) => names.has(name));
      for (const [name, values] of trained)
        expect(bits(values), `${name} of ${[...names]}`).toEqual(bits(all.gradients.get(name)!));
      const norm = normOf(trained.map(([, values]) => values));
      expect(Math.abs(some.norm - norm)).toBeLessThanOrEqual(1e-5 * norm);
    }
  });
});

describe('no gradient is computed', () => {
  const variant = {
    name: 'a stack',
    definition: randomModel({
      cell: 'lstm',
      vocabulary: 9,
      input: 8,
      hidden: 20,
      depth: 2,
      output: 9,
      seed: 1,
    }),
    loss: 'cross-entropy',
  } as const;
  const zero = (values: Float32Array) => values.every((value) => value === 0);

  it.each([
    ['of what is frozen', ['head.bias', 'rnn.weight_hh_l0']],
    ['below the head, where it is trained alone', ['head.weight', 'head.bias']],
  ])('%s', (_, names) => {
    const { gradients: found } = gradients(variant, windowOf(variant), (name) => names.includes(name));
    for (const [name, values] of found) expect(zero(values), name).toBe(!names.includes(name));
  });
});
