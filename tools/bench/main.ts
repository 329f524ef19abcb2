// `npm run bench`: correctness, then the time of a step beside the prototypes of the kernel study.

import { bench } from './bench.ts';
import { denormalsCommand } from './denormals-command.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { buildPrototypes, prototypesMissing } from './prototypes/build.ts';
import { PrototypeModule } from './prototypes/module.ts';
import { describeRow, headings, markdown, notes } from './report.ts';
import { benchRuntime } from './rivulet.ts';

async function main(options: Options): Promise<number> {
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (options.denormals) return denormalsCommand(options);
  return stepsCommand(options);
}

async function stepsCommand(options: Options): Promise<number> {
  const quiet = options.json || options.markdown;
  const say = quiet ? console.error : console.log;
  const missing = prototypesMissing();
  const prototypes = missing === undefined ? new PrototypeModule(buildPrototypes()) : undefined;
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

try {
  process.exitCode = await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
