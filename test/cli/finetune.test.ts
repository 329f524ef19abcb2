import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAdapter } from '../../src/adapters/load.ts';
import { parseModelFile } from '../../src/formats/model-file.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { loadModelSync } from '../../src/session/load.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { dequantizeModel } from '../../src/train/dequantize.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { CHAR_LM, expectRefusal, Folder, output, rivulet } from './command.ts';
import { text, writeRecipe } from './small-training.ts';

const folder = new Folder();
const model = folder.file('model.safetensors');
output(['train', writeRecipe(folder.path), '-o', model]);

/** The same alphabet, another language. */
const other = [...text(6000)].reverse().join('');
const data = folder.write('other.txt', other);

/** The last tenth of its 5999 predictions. */
const heldOut = other.slice(5399);

/** For a text this small. */
const SMALL = ['--batch-size', '4', '--unroll', '16', '--learning-rate', '0.01'];

function loss(path: string): number {
  const session = loadModelSync(readFileSync(path), { runtime: testRuntime() }).createSession();
  return evaluateText(session, heldOut).loss;
}

describe('finetune', () => {
  it('shows samples, losses and seconds, and writes a model that is better on the text', () => {
    const file = folder.file('tuned.safetensors');
    const args = ['--data', data, '--epochs', '3', '--seed', '4', ...SMALL];
    const printed = output(['finetune', model, '-o', file, ...args]);
    const [before, after] = [loss(model), loss(file)];
    expect(after).toBeLessThan(before - 0.1);
    expect(printed).toContain(`before: ${before.toFixed(4)} nats/char\n\n    `);
    expect(printed).toContain(`: ${after.toFixed(4)} nats/char, ${(before - after).toFixed(4)} less\n\n    `);
    expect(printed.match(/^ +\d+\.\d +\d+ {2}\d\.\d{4}$/gm)!.length).toBeGreaterThanOrEqual(8);
    const { metadata } = parseModelFile(readFileSync(file));
    expect(metadata!.training).toBe(parseModelFile(readFileSync(model)).metadata!.training);
    expect(JSON.parse(metadata!.finetuning!)).toMatchObject([
      { data: { file: 'other.txt' }, options: { seed: 4 } },
    ]);

    const again = folder.file('again.safetensors');
    output(['finetune', model, '-o', again, ...args]);
    expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
  });

  it('trains an adapter alone, and writes it beside the merged model', () => {
    const [file, adapterFile] = [folder.file('merged.safetensors'), folder.file('adapter.safetensors')];
    const args = ['--data', data, '--epochs', '2', '--adapter', adapterFile, '--rank', '3', ...SMALL];
    output(['finetune', model, '-o', file, ...args]);
    expect(loss(file)).toBeLessThan(loss(model) - 0.05);
    const runtime = testRuntime();
    const base = loadModelSync(readFileSync(model), { runtime, adapters: { rank: 3 } });
    const adapter = loadAdapter(readFileSync(adapterFile));
    expect(adapter.rank).toBe(3);
    const adapted = evaluateText(base.createSession({ adapter }), heldOut).loss;
    expect(Math.abs(adapted - loss(file))).toBeLessThan(1e-5);
  });

  it('stops when the time is over', () => {
    const started = performance.now();
    const file = folder.file('timed.safetensors');
    const printed = output(['finetune', model, '--data', data, '-o', file, '--seconds', '0.5']);
    expect(printed).toMatch(/after [\d,]+ updates in 0\.\d s/);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('trains for int8: the losses are those of the model with rounded matrices', () => {
    const file = folder.file('aware.safetensors');
    const args = ['--data', data, '--epochs', '3', '--quantization-aware', ...SMALL];
    const printed = output(['finetune', model, '-o', file, ...args]);
    const { definition } = quantize(parseModelFile(readFileSync(file)), { weights: 'int8' });
    const rounded = folder.model('rounded.safetensors', dequantizeModel(definition));
    expect(printed).toContain(`: ${loss(rounded).toFixed(4)} nats/char, `);
  });

  it('keeps an int8 model int8', () => {
    const [int8, file] = [folder.file('int8.safetensors'), folder.file('int8-tuned.safetensors')];
    output(['quantize', model, '-o', int8]);
    const args = ['--data', data, '-o', file, '--epochs', '2', ...SMALL];
    expect(output(['finetune', int8, ...args])).toMatch(/less, in float32; the file is int8 again/);
    const dtypes = (path: string) =>
      [...parseModelFile(readFileSync(path)).tensors].map(([name, { dtype }]) => `${name} ${dtype}`).sort();
    expect(dtypes(file)).toEqual(dtypes(int8));
    expect(loss(file)).toBeLessThan(loss(int8) - 0.1);
  });

  it('says what it reads as other characters, and refuses what it does not know', () => {
    const args = ['--epochs', '1', '-o', folder.file('strange.safetensors')];
    const quotes = folder.write('quotes.txt', `“${other}”`);
    expect(output(['finetune', model, '--data', quotes, ...args])).toMatch(/2 characters \(“ 1 ×, ” 1 ×\)/);
    const strange = folder.write('strange.txt', `${other}鯨鯨`);
    const refused = rivulet(['finetune', model, '--data', strange, ...args]);
    expectRefusal(refused, 'unknown-character', /2 characters \(鯨 2 ×\).*--skip-unknown/);
    expect(output(['finetune', model, '--data', strange, '--skip-unknown', ...args])).toMatch(/left out/);
  });

  it('refuses in one line', () => {
    const refuse = (args: string[], code: string, message: RegExp) =>
      expectRefusal(rivulet(['finetune', ...args]), code, message);
    refuse([model, '--data', data, '-o', model], 'invalid-argument', /would be overwritten/);
    refuse([model, '--data', data, '-o', data], 'invalid-argument', /would be overwritten/);
    refuse([model, '--data', data, '--learning-rate', '1e38'], 'diverged', /Lower --learning-rate/);
    refuse([model, '--data', folder.file('none')], 'invalid-file', /none cannot be read/);
    refuse([model, '--data', folder.write('short.txt', 'The')], 'empty-data', /give more data/);
    refuse([model, '--data', data, '--dropout', '1'], 'invalid-argument', /dropout must be/);
    refuse([model, '--data', data, '--validation', '1.5'], 'invalid-argument', /validation must be/);
    const features = randomModel({ cell: 'gru-after', input: 2, hidden: 3, depth: 1, seed: 1 });
    refuse([folder.model('gru', features), '--data', data], 'invalid-argument', /no tokenizer/);
    expect(rivulet(['finetune', model, '--data', data, '--seconds', '0']).status).toBe(2);
  });

  it('takes the models of the package', () => {
    const path = join(CHAR_LM, 'model.int8.safetensors');
    const file = folder.file('char-lm.safetensors');
    expect(output(['finetune', path, '--data', data, '-o', file, '--seconds', '0.2'])).toContain(file);
  });
});
