import type { Options } from '../options.ts';
import { benchTraining, present, type Timing } from './bench.ts';
import { PROTOTYPE, prototype } from './prototype.ts';
import { pytorch } from './pytorch.ts';
import { describeMiss, describeTrainRow, trainMarkdown } from './report.ts';
import { rivulet, trainRuntime } from './rivulet.ts';
import { tensorflow } from './tensorflow.ts';

/** `npm run bench -- train`: the same first losses, then timesteps/s side by side. Gives the exit code. */
export async function trainCommand(options: Options): Promise<number> {
  const say = options.json || options.markdown ? console.error : console.log;
  const all = [rivulet(await trainRuntime()), prototype(), await pytorch(), await tensorflow()];
  const { entrants, absent } = present(all);
  try {
    for (const { name, missing } of absent) say(`skipped: ${name}: ${missing}`);
    for (const { name, about } of entrants) say(`${name}: ${about.join('\n  ')}`);
    const { cells, batches, rounds, milliseconds, warmup, untimed } = options;
    const timing = { rounds, milliseconds, warmup, untimed };
    const report = await benchTraining(all, { cells, batches, ...timing }, (row) =>
      say(`\n${describeTrainRow(row)}`),
    );
    if (options.json) console.log(JSON.stringify(report, null, 2));
    if (options.markdown) console.log(trainMarkdown(report));
    if (!options.assert) return 0;
    if (absent.some(({ name }) => name === PROTOTYPE)) {
      console.error('--assert: there is no prototype to compare with');
      return 1;
    }
    const missed = report.rows.flatMap((row) =>
      row.results
        .filter((result): result is Timing => 'meetsBar' in result && !result.meetsBar)
        .map((timing) => describeMiss(row, timing)),
    );
    for (const miss of missed) console.error(miss);
    return missed.length > 0 ? 1 : 0;
  } finally {
    for (const entrant of entrants) entrant.leave();
  }
}
