import { setImmediate } from 'node:timers/promises';
import type { Training } from '../../../src/train/training.ts';
import { count } from '../table.ts';
import type { Interruption } from './interruption.ts';
import type { Progress } from './progress.ts';

/** Lines of loss against seconds. */
const LINES = 12;

/**
 * Trains until the time is over, all updates are made, or Ctrl-C, and prints the mean loss of each part of the way.
 *
 * @param limit seconds; Infinity where epochs end it
 * @returns seconds of training
 * @throws DivergedError
 */
export async function fineTuneFor(
  training: Training,
  limit: number,
  progress: Progress,
  interruption: Interruption,
): Promise<number> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const isTimed = limit < Infinity;
  const part = new Part();
  await progress.print(`${'seconds'.padStart(8)}  ${'updates'.padStart(8)}  loss, nats/char`);
  for (let line = 1; !training.finished && seconds() < limit && interruption.exitCode === undefined; ) {
    const report = training.step();
    part.add(report);
    const done = isTimed ? seconds() : report.update;
    await progress.step(report, done);
    const total = isTimed ? limit : training.updates;
    if (done >= (line * total) / LINES) {
      await progress.print(part.describe(seconds(), report.update));
      line = Math.floor((done * LINES) / total) + 1;
    }
    await setImmediate(); // signals are heard
  }
  const time = seconds();
  if (part.timesteps > 0) await progress.print(part.describe(time, training.update));
  return time;
}

/** The updates since the last line. */
class Part {
  timesteps = 0;
  #sum = 0;

  add({ loss, timesteps }: { loss: number; timesteps: number }): void {
    this.#sum += loss * timesteps;
    this.timesteps += timesteps;
  }

  /** Describes them, and begins anew. */
  describe(seconds: number, update: number): string {
    const loss = this.#sum / this.timesteps;
    this.#sum = 0;
    this.timesteps = 0;
    return `${seconds.toFixed(1).padStart(8)}  ${count(update).padStart(8)}  ${loss.toFixed(4)}`;
  }
}
