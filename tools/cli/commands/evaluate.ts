import type { Command } from 'commander';
import { evaluateText } from '../../../src/index.ts';
import { readText } from '../files.ts';
import { type ModelOptions, type OpenModel, openModel } from '../open-model.ts';
import { withModelOptions } from '../options.ts';
import { Output } from '../output.ts';
import { count, table } from '../table.ts';

interface Options extends ModelOptions {
  data: string;
}

const EXAMPLES = `
Example:
  $ rivulet evaluate model.safetensors --data validation.txt`;

export interface Measurement {
  /** Mean cross-entropy, nats per token. */
  readonly loss: number;
  readonly tokens: number;
  readonly tokensPerSecond: number;
}

export function addEvaluate(program: Command): void {
  withModelOptions(
    program
      .command('evaluate')
      .description('measure the loss of a language model on a text')
      .argument('<model>', 'model file')
      .requiredOption('--data <file>', 'UTF-8 text'),
  )
    .addHelpText('after', EXAMPLES)
    .action(evaluate);
}

/** The text as one stream from the zero state. */
export function measure({ model }: OpenModel, text: string): Measurement {
  const session = model.createSession();
  const start = performance.now();
  const { loss, tokens } = evaluateText(session, text);
  const seconds = (performance.now() - start) / 1000;
  session.dispose();
  return { loss, tokens, tokensPerSecond: tokens / seconds };
}

async function evaluate(path: string, options: Options): Promise<void> {
  const open = await openModel(path, options);
  const { loss, tokens, tokensPerSecond } = measure(open, await readText(options.data));
  const rows = [
    ['loss', loss.toFixed(4), 'nats/char'],
    ['', (loss / Math.LN2).toFixed(4), 'bits/char'],
    ['tokens', count(tokens), ''],
    ['speed', count(Math.round(tokensPerSecond)), 'tokens/s'],
    ['build', open.runtime.build, ''],
  ];
  await new Output().print(table(rows, [1]));
}
