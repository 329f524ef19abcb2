import type { Options } from '../options.ts';
import { benchLong } from './bench.ts';
import { describeLongMiss, describeLongRow, longHeadings, longMarkdown } from './report.ts';

/** `npm run bench -- long`: the same bits, then a long window within a memory budget and without. Gives the exit code. */
export async function longCommand(options: Options): Promise<number> {
  const say = options.json || options.markdown ? console.error : console.log;
  say(longHeadings());
  const report = await benchLong(options, (row) => say(describeLongRow(row)));
  if (options.json) console.log(JSON.stringify(report, null, 2));
  if (options.markdown) console.log(longMarkdown(report));
  const missed = options.assert ? report.rows.filter(({ meetsBar }) => !meetsBar) : [];
  for (const row of missed) console.error(describeLongMiss(row));
  return missed.length > 0 ? 1 : 0;
}
