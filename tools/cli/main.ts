// The command line: dist/cli/rivulet.js. Each command is a file of commands/.
import { Command } from 'commander';
import { addConvert } from './commands/convert.ts';
import { addDemo } from './commands/demo.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addFinetune } from './commands/finetune.ts';
import { addGenerate } from './commands/generate.ts';
import { addInspect } from './commands/inspect.ts';
import { addQuantize } from './commands/quantize.ts';
import { addRun } from './commands/run.ts';
import { addTrain } from './commands/train.ts';
import { describeFailure, exitCodeOf } from './failure.ts';

/** Written in by tools/build/cli.mjs. */
declare const RIVULET_VERSION: string;

const program = new Command('rivulet')
  .description('Runs and trains small recurrent networks in WebAssembly.')
  .version(RIVULET_VERSION)
  .exitOverride()
  .showHelpAfterError('(rivulet help COMMAND shows the options)')
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 refused or failed (one line on standard error), 2 usage, 130 training interrupted by Ctrl-C.

Examples:
  $ rivulet generate --prompt "The whale "
  $ rivulet run model.safetensors --input readings.csv --state stream.state
  $ rivulet inspect model.safetensors`,
  );
const commands = [
  addGenerate,
  addRun,
  addEvaluate,
  addTrain,
  addFinetune,
  addQuantize,
  addInspect,
  addConvert,
  addDemo,
];
for (const add of commands) add(program);

try {
  await program.parseAsync();
} catch (error) {
  const failure = describeFailure(error);
  if (failure !== undefined) console.error(failure);
  process.exitCode = exitCodeOf(error);
}
