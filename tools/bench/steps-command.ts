import { bench } from './bench.ts';
import type { Options } from './options.ts';
import { buildPrototypes, prototypesMissing, STEPS } from './prototypes/build.ts';
import { PrototypeModule } from './prototypes/module.ts';
import { describeRow, headings, markdown, notes } from './report.ts';
import { benchRuntime } from './rivulet.ts';

/** `npm run bench`: correctness, then the time of a step beside the prototypes. Gives the exit code. */
export async function stepsCommand(options: Options): Promise<number> {
  const say = options.json || options.markdown ? console.error : console.log;
  const missing = prototypesMissing(STEPS);
  const prototypes = missing === undefined ? new PrototypeModule(buildPrototypes(STEPS)) : undefined;
  if (missing !== undefined) say(`skipped: comparison with the prototypes: ${missing}`);
  say(headings());
  const report = await bench(await benchRuntime(), prototypes, options, (row) => say(describeRow(row)));
  for (const note of notes(report)) say(note);
  if (options.json) console.log(JSON.stringify({ ...report, skipped: missing ?? null }, null, 2));
  if (options.markdown) console.log(markdown(report));
  if (!options.assert) return 0;
  if (missing !== undefined) {
    console.error('--assert: there is nothing to compare with');
    return 1;
  }
  const missed = report.rows.filter(({ prototype }) => prototype && !prototype.meetsBar);
  for (const { cell, weights, size, prototype } of missed) {
    const { ratio, bar } = prototype!;
    console.error(`${cell} ${weights} ${size}: ${ratio.median.toFixed(3)} × the prototype, at most ${bar} ×`);
  }
  return missed.length > 0 ? 1 : 0;
}
