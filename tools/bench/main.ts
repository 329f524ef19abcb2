// `npm run bench`: dispatches to what is measured.

import { batchCommand } from './batch/command.ts';
import { denormalsCommand } from './denormals-command.ts';
import { longCommand } from './long/command.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { stepsCommand } from './steps-command.ts';
import { trainCommand } from './train/command.ts';

const RUN: Readonly<Record<Options['command'], (options: Options) => Promise<number>>> = {
  steps: stepsCommand,
  batch: batchCommand,
  train: trainCommand,
  long: longCommand,
  denormals: denormalsCommand,
};

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else process.exitCode = await RUN[options.command](options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
