/** Runs a converted model over a sequence of one stream. */
import type { ModelDefinition } from '../../../src/graph/definition.ts';
import { Model } from '../../../src/session/model.ts';
import { testRuntime } from '../../runtime.ts';

/** Every timestep of every output, by the name of the output. */
export function runSequence(
  definition: ModelDefinition,
  input: Float32Array,
  timesteps: number,
  runtime = testRuntime(),
): ReadonlyMap<string, Float32Array> {
  const result = new Map<string, Float32Array>();
  for (const output of definition.graph.outputs) {
    const graph = { ...definition.graph, outputs: [output] };
    using model = new Model(runtime, { ...definition, graph });
    const [{ kind }] = model.inputs as unknown as [{ kind: string }];
    const sequence = kind === 'tokens' ? Uint32Array.from(input) : input;
    result.set(output.name, model.createSession().run(sequence, { timesteps, returnSequences: true }));
  }
  return result;
}

/** The largest difference of two arrays of one length, in units of the largest value where that is above 1. */
export function scaledDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length)
    throw new Error(`${found.length} values, expected ${expected.length}`);
  let largest = 0;
  let scale = 1;
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    if (!(difference <= largest)) largest = difference;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return largest / scale;
}

/** What a framework has of a sequence, from what we have each timestep. */
export function inOrderOf(of: string, values: Float32Array, timesteps: number): Float32Array {
  const size = values.length / timesteps;
  const row = (t: number) => values.subarray(t * size, (t + 1) * size);
  if (of === 'last') return row(timesteps - 1);
  if (of === 'first') return row(0);
  if (of === 'each') return values;
  const reversed = new Float32Array(values.length);
  for (let t = 0; t < timesteps; t++) reversed.set(row(timesteps - 1 - t), t * size);
  return reversed;
}
