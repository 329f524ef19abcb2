import { killAndResume, trainUninterrupted } from '../../test/cli/killed-training.ts';
import { Random } from '../../test/reference/random.ts';
import type { Tally } from './progress.ts';

export const COMMAND = 'dist/cli/rivulet.js';

/**
 * Kills trainings at random moments and resumes them, from `tally.done` on, up to `count`; outcomes are what the killed
 * programs left behind, failures those that did not resume to the bytes of a training that was left alone.
 *
 * @param save called after each
 */
export async function soakKills(
  tally: Tally,
  count: number,
  seed: number,
  enough: number,
  save: () => void,
): Promise<void> {
  if (tally.done >= count) return;
  const uninterrupted = await trainUninterrupted(COMMAND);
  while (tally.done < count && tally.failures.length < enough) {
    const moment = uninterrupted.milliseconds * new Random(seed + tally.done).uniform();
    const { left, failure } = await killAndResume(COMMAND, moment, uninterrupted);
    if (failure !== undefined) {
      tally.failures.push(`kill ${tally.done}, after ${moment.toFixed(1)} ms: ${failure}`);
      console.log(`kills: FAILURE: ${tally.failures.at(-1)}`);
    }
    tally.outcomes[left] = (tally.outcomes[left] ?? 0) + 1;
    tally.done++;
    save();
    if (tally.done % 50 === 0) console.log(`kills: ${tally.done}`);
  }
}
