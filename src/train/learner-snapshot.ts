// A learner's snapshot is a checkpoint (checkpoint.ts) of a training whose data is the stream. Besides the trainer's blocks
// it holds the present state, the outputs that wait for their targets, the window, and the sensitivities.

import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { describeShape } from '../plan/shape.ts';
import { readCheckpoint, type TrainingIdentity, writeCheckpoint } from './checkpoint.ts';
import { fingerprint } from './fingerprint.ts';
import type { LearnerSettings } from './learner-options.ts';
import type { Pending } from './pending.ts';
import type { Predictor } from './predictor.ts';
import type { Sensitivities } from './sensitivities.ts';
import type { Trainer } from './trainer.ts';

/** What a learner consists of. */
export interface LearnerParts {
  readonly definition: ModelDefinition;
  readonly settings: LearnerSettings;
  readonly trainer: Trainer;
  readonly predictor: Predictor;
  readonly sensitivities: Sensitivities | undefined;
  readonly pending: Pending;
  readonly outputs: Float32Array;
}

/** How far it is. */
export interface LearnerProgress {
  readonly timesteps: number;
  readonly observed: number;
  readonly learnt: number;
  readonly updates: number;
}

export function writeLearner(parts: LearnerParts, progress: LearnerProgress): Uint8Array {
  const { trainer, pending, sensitivities } = parts;
  const { blocks, numbers } = trainer.save();
  const all = new Map(blocks);
  for (const [name, values] of ownBlocks(parts)) all.set(name, bytesOf(values).slice());
  return writeCheckpoint(trainer.runtime, {
    identity: identityOf(parts),
    progress: {
      ...progress,
      first: pending.first,
      count: pending.count,
      begun: sensitivities?.begun ? 1 : 0,
    },
    trainer: { blocks: all, numbers },
  });
}

/**
 * Puts all parts where they were when the snapshot was taken.
 *
 * @throws RivuletError `invalid-checkpoint`, `checkpoint-mismatch`, `invalid-argument`; then nothing has changed
 */
export function readLearner(parts: LearnerParts, snapshot: Uint8Array): LearnerProgress {
  const { trainer, pending, sensitivities } = parts;
  const { progress, trainer: state } = readCheckpoint(trainer.runtime, snapshot, identityOf(parts));
  const checked = checkProgress(progress, pending.capacity);
  const own = ownBlocks(parts);
  for (const [name, values] of own) {
    const length = state.blocks.get(name)?.byteLength;
    if (length !== values.byteLength) {
      throw damaged(`${values.byteLength} bytes of ${name} were expected, got ${show(length)}`);
    }
  }
  trainer.restore(state);
  for (const [name, values] of own) bytesOf(values).set(bytesOf(state.blocks.get(name)!));
  pending.first = checked.first;
  pending.count = checked.count;
  if (sensitivities) sensitivities.begun = checked.begun === 1;
  return checked;
}

/** What a learner has besides its trainer. */
function ownBlocks({
  predictor,
  sensitivities,
  pending,
  outputs,
}: LearnerParts): [string, Uint32Array | Float32Array][] {
  return [
    ['present', predictor.state],
    ['outputs', outputs],
    ['inputs', pending.inputs],
    ['targets', pending.targets],
    ['weights', pending.weights],
    ['sensitivities', sensitivities?.values ?? new Float32Array(0)],
  ];
}

function checkProgress(progress: Readonly<Record<string, number>>, capacity: number) {
  const names = ['timesteps', 'observed', 'learnt', 'updates', 'first', 'count', 'begun'] as const;
  for (const name of names) {
    const value = progress[name];
    if (!Number.isSafeInteger(value) || value! < 0) throw damaged(`its ${name} is ${show(value)}`);
  }
  const checked = progress as Readonly<Record<(typeof names)[number], number>>;
  const { timesteps, observed, learnt, first, count } = checked;
  if (count > capacity || first + count !== timesteps || observed > timesteps || learnt > timesteps) {
    throw damaged(`its timesteps ${first} … ${first + count} of ${timesteps} are none of this learner's`);
  }
  return checked;
}

function damaged(reason: string): RivuletError {
  return new RivuletError('invalid-checkpoint', `the snapshot cannot be restored: ${reason}`);
}

function identityOf({ definition, settings, trainer }: LearnerParts): TrainingIdentity {
  return {
    model: fingerprint(trainer.runtime, describeShape(definition)),
    data: 'stream',
    options: settings,
  };
}

function bytesOf(values: Uint8Array | Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
