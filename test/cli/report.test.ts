import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMAND, expectRefusal, Folder, output, rivulet } from './command.ts';
import { RECIPE, text, writeRecipe } from './small-training.ts';

const folder = new Folder();

function prepare(name: string, epochs = 3): { recipe: string; model: string } {
  const path = folder.file(name);
  mkdirSync(path);
  const recipe = writeRecipe(path, { ...RECIPE, training: { ...RECIPE.training, epochs } });
  return { recipe, model: join(path, 'model.safetensors') };
}

const count = (page: string, part: RegExp) => page.match(part)?.length ?? 0;

describe('the report of a training', () => {
  const { recipe, model } = prepare('report');
  output(['train', recipe, '-o', model]);
  const page = readFileSync(`${model}.html`, 'utf8');

  it('has a curve each of loss, gradient norm and learning rate', () => {
    expect(count(page, /<svg /g)).toBe(3);
    for (const title of ['Loss', 'Norm of the gradient, before clipping', 'Learning rate'])
      expect(page).toContain(`font-size="15">${title}</text>`);
    expect(count(page, /<path d="M[\d.,LM]+" fill="none"/g)).toBe(4); // the loss has training and validation
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('has the numbers of the log, and a sample of each epoch', () => {
    const lines = readFileSync(`${model}.jsonl`, 'utf8').trimEnd().split('\n');
    const epochs = lines.map((line) => JSON.parse(line)).filter((line) => 'sample' in line);
    expect(epochs).toHaveLength(3);
    for (const { loss, validation, sample } of epochs) {
      expect(page).toContain(`<td class="number">${loss.toFixed(4)}</td>`);
      expect(page).toContain(validation.toFixed(4));
      expect(page).toContain(sample.split('\n')[0].replaceAll('&', '&amp;').replaceAll('"', '&quot;'));
      expect(sample.length).toBeGreaterThan(100);
    }
  });

  it('needs nothing from elsewhere, runs nothing, and no longer asks to be read again', () => {
    expect(page).not.toMatch(/<script|src=|href=|http-equiv/);
  });

  it('does not change what is learnt, and is not written where it is not wanted', () => {
    const plain = prepare('plain');
    output(['train', plain.recipe, '-o', plain.model, '--no-report']);
    expect(readFileSync(plain.model).equals(readFileSync(model))).toBe(true);
    expect(existsSync(`${plain.model}.html`)).toBe(false);
  });
});

/** The options of a fine-tuning of a second. */
const SMALL = ['--epochs', '20', '--batch-size', '4', '--unroll', '16', '--learning-rate', '0.01'];

describe('a fine-tuning', () => {
  const { recipe, model } = prepare('base');
  output(['train', recipe, '-o', model, '--no-report']);
  const data = folder.write('other.txt', [...text(6000)].reverse().join(''));

  it('that is interrupted goes on from its checkpoint to the same bytes', async () => {
    const files = (name: string) => ({
      model: folder.file(`${name}.safetensors`),
      log: folder.file(`${name}.jsonl`),
      report: folder.file(`${name}.html`),
      checkpoint: folder.file(`${name}.checkpoint`),
    });
    const args = (to: ReturnType<typeof files>) => [
      ...['finetune', model, '--data', data, '-o', to.model, ...SMALL],
      ...['--log', to.log, '--report', to.report, '--checkpoint', to.checkpoint],
    ];
    const [whole, broken] = [files('whole'), files('broken')];
    output(args(whole));
    expect(await interrupted(args(broken))).toBe(130);
    expect(existsSync(broken.checkpoint)).toBe(true);
    expectRefusal(rivulet(args(broken)), 'invalid-argument', /--resume/);
    output([...args(broken), '--resume']);
    const update = (path: string) =>
      JSON.parse(readFileSync(path, 'utf8').trimEnd().split('\n').at(-2)!).loss;
    expect(readFileSync(broken.model).equals(readFileSync(whole.model))).toBe(true);
    expect(update(broken.log)).toBe(update(whole.log));
    expect(count(readFileSync(broken.report, 'utf8'), /<svg /g)).toBe(3);
    expect(existsSync(broken.checkpoint)).toBe(false);
  });

  it('needs a checkpoint to go on from', () => {
    const args = ['finetune', model, '--data', data, '-o', folder.file('none.safetensors'), '--resume'];
    expectRefusal(rivulet(args), 'invalid-argument', /name it with --checkpoint/);
  });
});

/** Ctrl-C when the first line of losses is there. */
function interrupted(args: readonly string[]): Promise<number | null> {
  const program = spawn(process.execPath, [COMMAND, ...args]);
  let stdout = '';
  program.stdout.on('data', (part) => {
    const before = /\n +\d+\.\d +\d+ {2}\d/.test(stdout);
    stdout += part;
    if (!before && /\n +\d+\.\d +\d+ {2}\d/.test(stdout)) program.kill('SIGINT');
  });
  return new Promise((resolve) => program.on('close', resolve));
}

/** A shell's limit on the size of files is what a full disk is to a program: a write that fails half-way. */
function withLittleRoom(kilobytes: number, args: readonly string[]) {
  const script = `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`;
  const all = ['-c', script, 'bash', process.execPath, COMMAND, ...args];
  const { status, stderr } = spawnSync('bash', all, { encoding: 'utf8' });
  return { status, stderr, stdout: '', bytes: Buffer.alloc(0) };
}

describe('a disk that is full during a checkpoint', () => {
  it('ends the training in one sentence, and leaves the last checkpoint to go on from', async () => {
    const whole = prepare('enough', 30);
    output(['train', whole.recipe, '-o', whole.model, '--no-report']);
    const { recipe, model } = prepare('full', 30);
    const args = ['train', recipe, '-o', model, '--no-report', '--checkpoint-every', '20'];
    expect(await interruptedTraining(args)).toBe(130);
    const checkpoint = readFileSync(`${model}.checkpoint`);

    // The log has room, the checkpoint has not.
    const room = Math.floor(checkpoint.length / 1024) - 1;
    const log = readFileSync(`${model}.jsonl`);
    expect(log.length).toBeLessThan(room * 1024 - 20 * 200);
    const refused = withLittleRoom(room, [...args, '--resume']);
    expectRefusal(refused, 'invalid-argument', /model.safetensors.checkpoint cannot be written/);
    expect(readFileSync(`${model}.checkpoint`).equals(checkpoint)).toBe(true);
    expect(readdirSync(join(model, '..')).filter((name) => name.endsWith('.tmp'))).toEqual([]);

    output([...args, '--resume']);
    expect(readFileSync(model).equals(readFileSync(whole.model))).toBe(true);
  });
});

function interruptedTraining(args: readonly string[]): Promise<number | null> {
  const program = spawn(process.execPath, [COMMAND, ...args]);
  program.stdout.on('data', (part) => {
    if (String(part).includes('epoch 1/')) program.kill('SIGINT');
  });
  return new Promise((resolve) => program.on('close', resolve));
}
