import type { Command } from 'commander';
import { generateText } from '../../../src/index.ts';
import { readText } from '../files.ts';
import { BUNDLED_MODEL, openModel, packageFile } from '../open-model.ts';
import { Output } from '../output.ts';
import { count, table } from '../table.ts';
import { type Measurement, measure } from './evaluate.ts';
import { moduleBytes } from './inspect.ts';

const FLOAT32_MODEL = 'models/char-lm/model.safetensors';
const VALIDATION = 'models/char-lm/validation.txt';

/** `npm start`, in a checkout: the float32 model and the text are not in the package. */
export function addDemo(program: Command): void {
  program.command('demo', { hidden: true }).description('what `npm start` shows in a checkout').action(demo);
}

async function demo(): Promise<void> {
  const options = { build: 'auto' } as const;
  const int8 = await openModel(packageFile(BUNDLED_MODEL), options);
  const float32 = await openModel(packageFile(FLOAT32_MODEL), options);
  const text = await readText(packageFile(VALIDATION));
  const output = new Output();
  const prompt = 'Call me Ishmael. ';
  output.add(prompt);
  await output.flush();
  const settings = { prompt, maxTokens: 700, temperature: 0.6, seed: 1851 };
  for (const piece of generateText(int8.model.createSession(), settings)) {
    output.add(piece);
    await output.flush();
  }
  await output.print(`\n\nmeasuring the loss on ${VALIDATION} …\n`);
  const rows = [
    ['char-lm', 'bytes', 'loss, nats/char', 'steps/s'],
    measured('int8', int8.fileBytes, measure(int8, text)),
    measured('float32', float32.fileBytes, measure(float32, text)),
  ];
  await output.print(
    `${table(rows, [1, 2, 3])}\n\nmodule infer.${int8.runtime.build}.wasm: ${count(moduleBytes(int8.runtime))} bytes`,
  );
}

function measured(name: string, bytes: number, { loss, tokensPerSecond }: Measurement): string[] {
  return [name, count(bytes), loss.toFixed(4), count(Math.round(tokensPerSecond))];
}
