import type { Options } from '../options.ts';
import { benchTraining, present, type Timing, type TrainReport } from './bench.ts';
import { SIZES } from './cases.ts';
import { PROTOTYPE, prototype } from './prototype.ts';
import { PYTORCH, pytorches } from './pytorch.ts';
import { describeMiss, describeTile, describeTileMiss, describeTrainRow, trainMarkdown } from './report.ts';
import { rivulet, trainRuntime } from './rivulet.ts';
import { tensorflow } from './tensorflow.ts';
import { tiles } from './tiles.ts';

/** Who has bars: what the names of contenders begin with. */
const COMPARED = [PROTOTYPE, `${PYTORCH} 1.`, `${PYTORCH} 2.`];

/** `npm run bench -- train`: the same first losses, then timesteps/s side by side. Gives the exit code. */
export async function trainCommand(options: Options): Promise<number> {
  const say = options.json || options.markdown ? console.error : console.log;
  const all = [rivulet(await trainRuntime()), prototype(), ...(await pytorches()), await tensorflow()];
  const { entrants, absent } = present(all);
  try {
    for (const { name, missing } of absent) say(`skipped: ${name}: ${missing}`);
    for (const { name, about } of entrants) say(`${name}: ${about.join('\n  ')}`);
    const { cells, batches } = options;
    const sizes = options.sizes.map((hidden) => ({ ...SIZES, hidden }));
    const report = await benchTraining(all, { ...options, sizes, tiles: tiles(cells, batches) }, (row) =>
      say('results' in row ? `\n${describeTrainRow(row)}` : describeTile(row)),
    );
    if (options.json) console.log(JSON.stringify(report, null, 2));
    if (options.markdown) console.log(trainMarkdown(report));
    if (!options.assert) return 0;
    const missed = missesOf(report);
    for (const miss of missed) console.error(miss);
    return missed.length > 0 ? 1 : 0;
  } finally {
    for (const entrant of entrants) entrant.leave();
  }
}

/** What `--assert` fails for. */
function missesOf({ contenders, rows, tiles }: TrainReport): string[] {
  const unknown = COMPARED.filter((start) => !contenders.some(({ name }) => name.startsWith(start)));
  return [
    ...unknown.map((start) => `--assert: there is no ${start} to compare with`),
    ...rows.flatMap((row) =>
      row.results
        .filter((result): result is Timing => 'meetsBar' in result && !result.meetsBar)
        .map((timing) => describeMiss(row, timing)),
    ),
    ...tiles.filter(({ meetsBar }) => !meetsBar).map(describeTileMiss),
  ];
}
