import { basename } from 'node:path';
import type { Command } from 'commander';
import { buildOption, parseCount, parseFileOrFraction } from '../options.ts';
import { Output } from '../output.ts';
import { type TrainOptions, trainRecipe } from '../training/train-recipe.ts';

type Options = Partial<Pick<TrainOptions, 'data' | 'validation' | 'output' | 'log' | 'checkpoint'>> &
  Pick<TrainOptions, 'build' | 'checkpointEvery' | 'resume' | 'skipUnknown'> & { report?: string | false };

const RECIPE = `
A recipe:
  {
    "model": { "layers": [
      { "type": "embedding", "size": 32 },
      { "type": "lstm", "units": 128 },
      { "type": "dense", "units": "vocabulary" }
    ] },
    "data": "book.txt",
    "validation": 0.1,
    "training": { "epochs": 10, "batchSize": 32, "unroll": 64, "learningRate": 0.004, "schedule": "cosine",
                  "optimizer": "adam", "dropout": 0.1, "clipNorm": 1 },
    "seed": 1
  }
Layers: embedding, rnn, lstm, gru, dense. Paths are read from the recipe's folder; validation is a text or the last
fraction of the data. The vocabulary is the characters of the data.

Ctrl-C writes a checkpoint and ends; --resume goes on from it, to the same bits. The log has a line of JSON for each
update and each epoch; the report, an HTML file, shows them as curves, with a sample of each epoch, while the training
goes on and afterwards.

Examples:
  $ rivulet train recipe.json -o model.safetensors
  $ rivulet train recipe.json -o model.safetensors --resume
  $ rivulet train recipe.json --data other.txt --validation 0.05`;

export function addTrain(program: Command): void {
  program
    .command('train')
    .description('train a language model on a text, from nothing')
    .argument('<recipe>', 'JSON: layers, data, options of the training, seed')
    .option('--data <file>', "UTF-8 text, in the place of the recipe's")
    .option('--validation <file|fraction>', "in the place of the recipe's", parseFileOrFraction)
    .option('-o, --output <file>', 'model file to write (default: NAME.safetensors for NAME.json)')
    .option('--resume', 'go on from the checkpoint', false)
    .option('--checkpoint <file>', 'default: that of --output and .checkpoint')
    .option('--checkpoint-every <updates>', 'updates from one checkpoint to the next', parseCount, 200)
    .option('--log <file>', 'default: that of --output and .jsonl')
    .option('--report <file>', 'HTML with curves and samples; default: that of --output and .html')
    .option('--no-report', 'write none')
    .option('--skip-unknown', 'leave out characters of the validation text that the data lack', false)
    .addOption(buildOption())
    .addHelpText('after', RECIPE)
    .action(train);
}

async function train(path: string, options: Options): Promise<void> {
  const model = options.output ?? `${basename(path).replace(/\.json$/, '')}.safetensors`;
  const files = { output: model, log: `${model}.jsonl`, checkpoint: `${model}.checkpoint` };
  const report = options.report === false ? undefined : (options.report ?? `${model}.html`);
  const { exitCode } = await trainRecipe(path, { ...files, ...options, report }, new Output());
  process.exitCode = exitCode;
}
