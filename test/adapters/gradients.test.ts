/** The gradients of low-rank adapters, in every kind of layer that can have one: against PyTorch, and against float64. */
import { describe, expect, it } from 'vitest';
import { factorNames, type LowRank } from '../../src/adapters/low-rank.ts';
import { layersOf } from '../../src/adapters/matrices.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import { Trainer } from '../../src/train/trainer.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { randomRows } from '../contract/drive.ts';
import { variantsOf } from '../contract/table.ts';
import type { Variant } from '../contract/variant.ts';
import { adapterFixtures } from '../golden/adapters.ts';
import { GRADIENT_TOLERANCE } from '../golden/train.ts';
import { relativeError } from '../reference/backward/compare.ts';
import { ReferenceTrainer } from '../reference/backward/graph.ts';
import { scaledError } from '../reference/compare.ts';
import { Random } from '../reference/random.ts';
import { bits, trainRuntime } from '../train/cases.ts';
import { merged64, randomLowRank } from './random.ts';

const runtimes = { simd: trainRuntime('simd'), scalar: trainRuntime('scalar') };

describe.each(adapterFixtures().map((fixture) => [fixture.name, fixture] as const))('%s', (_, fixture) => {
  const { definition, adapters, batchSize, timesteps, window } = fixture;

  it('has the loss and the gradients of PyTorch', () => {
    const options = { batchSize, unroll: timesteps, loss: 'mean-squared-error', adapters } as const;
    const trainer = new Trainer(runtimes.simd, definition, options);
    const { loss, gradientNorm } = trainer.window(window, timesteps);
    expect(scaledError([loss], [fixture.lossValue])).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    const found = trainer.gradients();
    for (const [name, gradient] of fixture.gradients)
      expect(relativeError(found.get(name)!, gradient), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    const squares = [...fixture.gradients.values()].flatMap((gradient) => [...gradient].map((g) => g * g));
    const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    expect(Math.abs(gradientNorm / norm - 1)).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    trainer.dispose();
  });
});

const [BATCH, UNROLL, SOURCE] = [3, 9, 6];
const OPTIONS = { rank: 5, alpha: 3 };
/**
 * Along a random direction of all factors, in float64: see test/contract/slopes.test.ts. The step is shorter, since more
 * variants have kinks (clips, maxima), none of which must lie within it; rounding is still 1e-16 / STEP.
 */
const [STEP, SLOPE_TOLERANCE] = [1e-6, 1e-6];

function hasMatrices({ definition, untrained }: Variant): boolean {
  return !untrained && layersOf(definition, definition.tensors.keys()).length > 0;
}

function windowOf({ definition, loss }: Variant): WindowInput {
  const random = new Random(1);
  const { inputs, outputs, encoder } = definition.graph;
  const size = inferShapes(definition).sizes.get(outputs[0]!.from)!;
  const rows = UNROLL * BATCH;
  const source = encoder && {
    inputs: randomRows(encoder.inputs[0]!, SOURCE * BATCH, random),
    timesteps: SOURCE,
    lengths: [2, SOURCE, 1],
  };
  return {
    inputs: randomRows(inputs[0]!, rows, random),
    targets: loss === 'cross-entropy' ? random.integers(rows, 0, size) : random.gaussians(rows * size),
    lengths: [UNROLL, 1, 5],
    ...(source && { source }),
  };
}

/** By the chain rule, with G = dL/dW' of the merged matrix: dA = s Bᵀ G, dB = s G Aᵀ. */
function expectedGradients(
  { rank, alpha, factors }: LowRank,
  merged: ReadonlyMap<string, Float64Array>,
): Map<string, Float64Array> {
  const expected = new Map<string, Float64Array>();
  for (const [name, { a, b }] of factors) {
    const [rows, columns] = [b.shape[0]!, a.shape[1]!];
    const [da, db] = [new Float64Array(rank * columns), new Float64Array(rows * rank)];
    merged.get(name)!.forEach((g, n) => {
      const [row, column] = [Math.floor(n / columns), n % columns];
      for (let r = 0; r < rank; r++) {
        da[r * columns + column]! += (alpha / rank) * b.data[row * rank + r]! * g;
        db[row * rank + r]! += (alpha / rank) * g * a.data[r * columns + column]!;
      }
    });
    expected.set(factorNames(name).a, da).set(factorNames(name).b, db);
  }
  return expected;
}

function referenceOf({ definition, loss = 'mean-squared-error' }: Variant, adapters: LowRank) {
  return new ReferenceTrainer(merged64(definition, adapters), { batchSize: BATCH, loss });
}

/** The adapters, moved along a direction of all their values. */
function moved(
  { rank, alpha, factors }: LowRank,
  directions: readonly Float64Array[],
  step: number,
): LowRank {
  let next = 0;
  const move = ({ shape, data }: { shape: readonly number[]; data: Float32Array }) => {
    const direction = directions[next++]!;
    const values = Float64Array.from(data, (value, n) => value + step * direction[n]!);
    return { dtype: 'F32', shape, data: values as unknown as Float32Array } as const;
  };
  return {
    rank,
    alpha,
    factors: new Map([...factors].map(([name, { a, b }]) => [name, { a: move(a), b: move(b) }])),
  };
}

describe.each(
  variantsOf(NODE_KINDS).flatMap(([type, variants]) =>
    variants.filter(hasMatrices).map((each) => [`${type}: ${each.name}`, each] as const),
  ),
)('%s', (_, variant) => {
  const { definition, loss = 'mean-squared-error' } = variant;
  const adapters = randomLowRank(definition, OPTIONS, 6);
  const window = windowOf(variant);
  const reference = referenceOf(variant, adapters);
  const lossValue = reference.window(window, UNROLL);
  const expected = expectedGradients(adapters, reference.gradients);

  it('the slopes of the loss are those that float64 gives', () => {
    // The slope of a rounding is 0 or nothing: that of its clip is looked at, as in slopes.test.ts of the contract.
    const computed = variant.slopesOf ? { ...variant, definition: variant.slopesOf } : variant;
    const smooth = referenceOf(computed, adapters);
    smooth.window(window, UNROLL);
    const gradients = expectedGradients(adapters, smooth.gradients);
    const random = new Random(4);
    const directions = [...gradients.values()].map(({ length }) =>
      Float64Array.from(random.gaussians(length)),
    );
    const at = (step: number) =>
      referenceOf(computed, moved(adapters, directions, step)).window(window, UNROLL);
    const all = [...gradients.values()];
    const slope = all.reduce(
      (sum, each, i) => sum + each.reduce((s, g, n) => s + g * directions[i]![n]!, 0),
      0,
    );
    const length = Math.sqrt(all.reduce((sum, each) => sum + each.reduce((s, g) => s + g * g, 0), 0));
    expect(Math.abs((at(STEP) - at(-STEP)) / (2 * STEP) - slope)).toBeLessThanOrEqual(
      SLOPE_TOLERANCE * length,
    );
  });

  it('the trainer has them, the same bits on both builds', () => {
    const options = { batchSize: BATCH, unroll: UNROLL, encoderUnroll: SOURCE, loss, adapters };
    const [trainer, scalar] = [
      new Trainer(runtimes.simd, definition, options),
      new Trainer(runtimes.scalar, definition, options),
    ];
    const result = trainer.window(window, UNROLL);
    expect(scaledError([result.loss], [lossValue])).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    expect(scalar.window(window, UNROLL)).toEqual(result);
    const [found, foundScalar] = [trainer.gradients(), scalar.gradients()];
    for (const [name, gradient] of expected) {
      expect(relativeError(found.get(name)!, gradient), name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
      expect(bits(foundScalar.get(name)!), name).toEqual(bits(found.get(name)!));
    }
    trainer.dispose();
    scalar.dispose();
  });
});

it('every type of layer that may have an adapter has a case', () => {
  const types = (definition: ModelDefinition) => definition.graph.nodes.map(({ type }) => type);
  const covered = new Set(
    variantsOf(NODE_KINDS)
      .flatMap(([, all]) => all.filter(hasMatrices))
      .flatMap(({ definition }) => types(definition)),
  );
  for (const type of ['dense', 'rnn', 'lstm', 'gru', 'mingru', 'minlstm'] as const)
    expect(covered).toContain(type);
});
