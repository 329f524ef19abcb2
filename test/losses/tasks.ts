/** Small models, and data for each kind of target. */
import type { ModelDefinition } from '../../src/graph/definition.ts';
import type { Examples } from '../../src/train/dataset.ts';
import { initialize } from '../../src/train/initialize.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';

/** Of two features; an LSTM and a head. */
export function smallModel(outputs: number, activation?: 'softmax' | 'sigmoid'): ModelDefinition {
  return initialize(
    {
      inputs: [{ name: 'x', kind: 'features', size: 2 }],
      layers: [
        { type: 'lstm', units: 16 },
        { type: 'dense', units: outputs, ...(activation && { activation }) },
      ],
    },
    4,
    testRuntime(),
  );
}

/** Bumps of three kinds at random times, and which they were, in order: labels 1 to 3, and a blank 0. */
export function bumps(count: number, seed = 1): { inputs: Float32Array; targets: Uint32Array }[] {
  const random = new Random(seed);
  const shapes = [
    [1, 0],
    [0, 1],
    [-1, 1],
  ] as const;
  return Array.from({ length: count }, () => {
    const inputs: number[] = [];
    const labels: number[] = [];
    const rest = () => {
      for (let t = random.integer(1, 4); t > 0; t--) inputs.push(0, 0);
    };
    rest();
    for (let n = random.integer(1, 4); n > 0; n--) {
      const kind = random.integer(0, 3);
      labels.push(kind + 1);
      for (let t = random.integer(1, 3); t > 0; t--) inputs.push(...shapes[kind]!);
      rest();
    }
    return { inputs: Float32Array.from(inputs), targets: Uint32Array.from(labels) };
  });
}

/** A stream of two features, and targets that follow from them a timestep later. */
export function stream(timesteps: number, outputs: number, kind: 'classes' | 'values'): Examples {
  const random = new Random(2);
  const inputs = random.gaussians(2 * timesteps);
  const sum = (t: number) => inputs[2 * t]! + (t > 0 ? inputs[2 * t - 1]! : 0);
  if (kind === 'classes') {
    const classOf = (t: number) => (sum(t) > 0 ? 1 : 0) + (inputs[2 * t + 1]! > 0.5 ? 2 : 0);
    return { inputs, targets: Uint32Array.from({ length: timesteps }, (_, t) => classOf(t) % outputs) };
  }
  const value = (i: number) => (sum(Math.floor(i / outputs)) > (i % outputs) / 4 ? 1 : 0);
  return { inputs, targets: Float32Array.from({ length: timesteps * outputs }, (_, i) => value(i)) };
}
