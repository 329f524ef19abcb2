/**
 * Adapts models/char-lm to another text, in float32 and with the rounding of int8, and prints the losses of both models
 * and their int8 forms on its last tenth. Run from the root of the repository:
 *
 *     node tools/build/run.mjs tools/train/int8.ts TEXT [--updates 300] [--characters 40000]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRuntime } from '../../src/index.ts';
import { describeFailure, exitCodeOf } from '../cli/failure.ts';
import { adapt } from './int8/adapt.ts';

try {
  const options = {
    updates: { type: 'string', default: '300' },
    characters: { type: 'string', default: '40000' },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [path] = positionals;
  if (path === undefined) throw new Error('name a text');
  const runtime = await createRuntime({ module: 'train' });
  const [updates, characters] = [Number(values.updates), Number(values.characters)];
  console.log(`nats per character after ${updates} updates  float32    int8  difference`);
  for await (const [name, { float32, int8 }] of adapt(runtime, {
    text: readFileSync(path, 'utf8'),
    updates,
    characters,
  })) {
    const difference = (int8 - float32).toFixed(5).padStart(10);
    console.log(`${name.padEnd(38)}${float32.toFixed(4)}  ${int8.toFixed(4)}  ${difference}`);
  }
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = exitCodeOf(error);
}
