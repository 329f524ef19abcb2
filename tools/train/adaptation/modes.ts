import { Adapter } from '../../../src/adapters/adapter.ts';
import { layersOf } from '../../../src/adapters/matrices.ts';
import { serializeModel } from '../../../src/formats/model-file.ts';
import type { Model } from '../../../src/session/model.ts';
import type { TrainingOptions } from '../../../src/train/options.ts';
import type { Training } from '../../../src/train/training.ts';

/** A way to adapt a model, and what it leaves to be kept for each user. */
export interface Mode {
  readonly name: string;
  readonly options: Pick<TrainingOptions, 'trainable' | 'adapters'>;
  /** Of the rates that are tried, the one that is taken: see `choose` in measure.ts. */
  readonly rates: readonly number[];
  /** Bytes of what was learnt, as float32. */
  bytes(training: Training, model: Model): number;
}

const WHOLE = [0.0005, 0.001, 0.002];
const PART = [0.001, 0.003, 0.01];

/** Ranks of the adapters. */
const RANKS = [2, 8, 32];

export const MODES: readonly Mode[] = [
  {
    name: 'all weights',
    options: {},
    rates: WHOLE,
    bytes: (training) => serializeModel(training.definition()).length,
  },
  { name: 'biases and head', options: { trainable: 'biases' }, rates: PART, bytes: bytesOfParameters },
  { name: 'head', options: { trainable: 'head' }, rates: PART, bytes: bytesOfParameters },
  ...RANKS.map((rank) => ({
    name: `adapter of rank ${rank}`,
    options: { adapters: { rank } },
    rates: PART,
    bytes: bytesOfAdapter,
  })),
];

function bytesOfParameters({ parameterCount }: Training): number {
  return 4 * parameterCount;
}

/** Of its file. */
function bytesOfAdapter(training: Training, { definition, fingerprint }: Model): number {
  const adapters = training.adapters()!;
  const layers = layersOf(definition, adapters.factors.keys());
  return new Adapter({ ...adapters, base: fingerprint, layers }).toBytes().length;
}
