import { readFileSync } from 'node:fs';
import { createRuntime, type Runtime } from '../../../src/index.ts';
import { Trainer } from '../../../src/train/trainer.ts';
import { ROOT } from '../root.ts';
import { timed } from '../timing.ts';
import { ADAM, type TrainCase } from './cases.ts';
import type { Entrant, TrainContender } from './contender.ts';

export const RIVULET = 'Rivulet';

/** The SIMD build that `npm run build` made. */
export function trainRuntime(): Promise<Runtime> {
  return createRuntime({ module: 'train', wasm: readFileSync(new URL('dist/wasm/train.simd.wasm', ROOT)) });
}

export function rivulet(runtime: Runtime): Entrant {
  return {
    name: RIVULET,
    about: [`module train.${runtime.build}`],
    enter: async (trainCase) => rivuletTrainer(runtime, trainCase),
    leave() {},
  };
}

/** The Trainer as fineTune drives it: copies and checks in TypeScript are part of an update. */
export function rivuletTrainer(runtime: Runtime, trainCase: TrainCase): TrainContender {
  const { definition, batch, timesteps, inputs, targets } = trainCase;
  const trainer = new Trainer(runtime, definition, {
    batchSize: batch,
    unroll: timesteps,
    loss: 'cross-entropy',
  });
  const update = () => {
    trainer.resetState();
    const { loss } = trainer.window({ inputs, targets }, timesteps);
    trainer.update({ type: 'adam', ...ADAM });
    return loss;
  };
  const time = timed((times) => {
    for (let i = 0; i < times; i++) update();
  });
  return { update, time, dispose: () => trainer.dispose() };
}
