import type { Command } from 'commander';
import { type GenerateOptions, generateText } from '../../../src/index.ts';
import { BUNDLED_MODEL, type ModelOptions, openModel, packageFile } from '../open-model.ts';
import { parseNumber, withModelOptions } from '../options.ts';
import { Output } from '../output.ts';

interface Options extends ModelOptions {
  prompt?: string;
  length: number;
  temperature: number;
  seed: number;
  topK?: number;
  topP?: number;
}

const EXAMPLES = `
Examples:
  $ rivulet generate --prompt "The whale " --length 400
  $ rivulet generate model.safetensors --temperature 0        # the most likely text
  $ rivulet generate model.safetensors --seed 7 --top-k 10    # the same text on every machine`;

export function addGenerate(program: Command): void {
  withModelOptions(
    program
      .command('generate')
      .description('stream text from a language model')
      .argument('[model]', 'model file', undefined)
      .option('--prompt <text>', 'what the model reads first; it is printed too')
      .option('--length <n>', 'tokens to generate', parseNumber, 400)
      .option(
        '--temperature <t>',
        '0 for the most likely token each time, else 0.001 … 1000',
        parseNumber,
        0.7,
      )
      .option('--seed <n>', 'a non-negative integer; the same seed gives the same text', parseNumber, 0)
      .option('--top-k <k>', 'sample from the k most likely tokens', parseNumber)
      .option('--top-p <p>', 'sample from the most likely tokens that hold this probability', parseNumber),
  )
    .addHelpText('after', `\nWithout MODEL: ${BUNDLED_MODEL} of this package.\n${EXAMPLES}`)
    .action(generate);
}

async function generate(path: string | undefined, options: Options): Promise<void> {
  const { model } = await openModel(path ?? packageFile(BUNDLED_MODEL), options);
  const { length, temperature, seed, topK, topP } = options;
  const prompt = options.prompt ?? (path === undefined ? 'Call me Ishmael. ' : '\n');
  const settings: GenerateOptions = {
    prompt,
    maxTokens: length,
    temperature,
    seed,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
  };
  const pieces = generateText(model.createSession(), settings);
  const output = new Output();
  output.add(prompt);
  for (const piece of pieces) {
    output.add(piece);
    if (output.isTerminal || output.isFull) await output.flush();
  }
  await output.print('');
}
