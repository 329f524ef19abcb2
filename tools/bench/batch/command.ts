import type { Options } from '../options.ts';
import { benchRuntime } from '../rivulet.ts';
import { benchBatch } from './bench.ts';
import { batchHeadings, batchMarkdown, describeBatchMiss, describeBatchRow } from './report.ts';

/** `npm run bench -- batch`: the same bits, then a batch against single steps. Gives the exit code. */
export async function batchCommand(options: Options): Promise<number> {
  const say = options.json || options.markdown ? console.error : console.log;
  say(batchHeadings());
  const report = await benchBatch(await benchRuntime(), options, (row) => say(describeBatchRow(row)));
  if (options.json) console.log(JSON.stringify(report, null, 2));
  if (options.markdown) console.log(batchMarkdown(report));
  const missed = options.assert ? report.rows.filter(({ meetsBar }) => !meetsBar) : [];
  for (const row of missed) console.error(describeBatchMiss(row));
  return missed.length > 0 ? 1 : 0;
}
