/** Small models and data that they can learn within a second. */
import type { ModelDefinition } from '../../src/graph/definition.ts';
import type { Examples } from '../../src/train/dataset.ts';
import { initialize, type ModelSpec } from '../../src/train/initialize.ts';
import { testRuntime } from '../runtime.ts';

/** 420 characters and something of 27 kinds. */
export const PROSE =
  'the small stream runs over the stones and under the bridge, and it sings a song of its own. '
    .repeat(5)
    .slice(0, 430);

const VOCABULARY = [...new Set(PROSE)].sort();

export function textModel(recurrent: 'lstm' | 'gru' = 'lstm', seed = 1): ModelDefinition {
  const layers: ModelSpec['layers'] = [
    { type: 'embedding', size: 8 },
    { type: recurrent, units: 16 },
    { type: 'dense', units: VOCABULARY.length },
  ];
  return initialize(
    { layers, tokenizer: { type: 'characters', vocabulary: VOCABULARY } },
    seed,
    testRuntime(),
  );
}

/** A value in, the one four timesteps ago out. */
export function sineModel(): ModelDefinition {
  return initialize(
    {
      inputs: [{ name: 'x', kind: 'features', size: 1 }],
      layers: [
        { type: 'gru', units: 12 },
        { type: 'dense', units: 1 },
      ],
    },
    2,
    testRuntime(),
  );
}

/** Sequences of 5 to 28 timesteps. */
export function sineData(): Examples[] {
  return Array.from({ length: 24 }, (_, i) => {
    const wave = Float32Array.from({ length: 9 + i }, (_, t) => Math.sin(0.7 * t + i));
    return { inputs: wave.slice(4), targets: wave.slice(0, -4) };
  });
}
