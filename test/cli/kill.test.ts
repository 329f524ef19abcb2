/** kill -9 at random moments: what is left is the old checkpoint or the new one, and resumes to the same bytes. */
import { expect, it } from 'vitest';
import { Random } from '../reference/random.ts';
import { COMMAND } from './command.ts';
import { type Killed, killAndResume, trainUninterrupted } from './killed-training.ts';

const MOMENTS = 10;

it(`resumes to the same bytes after ${MOMENTS} kills`, async () => {
  const uninterrupted = await trainUninterrupted(COMMAND);
  const random = new Random(9);
  const kills: Killed[] = [];
  for (let i = 0; i < MOMENTS; i++) {
    // Within each tenth of the way one moment: all of it is tried.
    const moment = (uninterrupted.milliseconds * (i + random.uniform())) / MOMENTS;
    kills.push(await killAndResume(COMMAND, moment, uninterrupted));
  }
  expect(kills.flatMap(({ failure }) => failure ?? [])).toEqual([]);
  // Where the moments fall depends on the machine; a few must hit a training that has begun.
  expect(kills.filter(({ left }) => left === 'checkpoint').length).toBeGreaterThanOrEqual(3);
}, 120_000);
