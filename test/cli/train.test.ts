import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModelFile } from '../../src/formats/model-file.ts';
import { loadModelSync } from '../../src/session/load.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { testRuntime } from '../runtime.ts';
import { COMMAND, expectRefusal, Folder, output, rivulet } from './command.ts';
import { RECIPE, text, writeRecipe } from './small-training.ts';

const folder = new Folder();

interface Files {
  readonly recipe: string;
  readonly model: string;
  readonly checkpoint: string;
  readonly log: string;
}

/** A folder of its own with recipe and text. */
function prepare(name: string, changes: object = {}, data?: string): Files {
  const path = folder.file(name);
  mkdirSync(path);
  const model = join(path, 'model.safetensors');
  const recipe = writeRecipe(path, { ...RECIPE, ...changes }, data);
  return { recipe, model, checkpoint: `${model}.checkpoint`, log: `${model}.jsonl` };
}

function readLines(path: string): Record<string, number>[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** Ctrl-C after the first epoch. */
function interrupt({ recipe, model }: Files): Promise<{ code: number | null; stdout: string }> {
  const program = spawn(process.execPath, [COMMAND, 'train', recipe, '-o', model]);
  let stdout = '';
  let interrupted = false;
  program.stdout.on('data', (part) => {
    stdout += part;
    if (stdout.includes('epoch 1/') && !interrupted) interrupted = program.kill('SIGINT');
  });
  return new Promise((resolve) => program.on('close', (code) => resolve({ code, stdout })));
}

/** So many epochs last some seconds. */
const LONG = { training: { ...RECIPE.training, epochs: 30 } };

function evaluateFile(path: string): number {
  const model = loadModelSync(readFileSync(path), { runtime: testRuntime() });
  // The last tenth of the 7999 predictions.
  return evaluateText(model.createSession(), text(8000).slice(7199)).loss;
}

describe('train', () => {
  const files = prepare('whole');
  const printed = output(['train', files.recipe, '-o', files.model]);

  it('writes a model that evaluates as the training said, to the bit', () => {
    const record = JSON.parse(parseModelFile(readFileSync(files.model)).metadata!.training!);
    const loss = evaluateFile(files.model);
    expect(record.epochs).toHaveLength(3);
    expect(record.epochs[2].validation).toBe(loss);
    expect(printed).toContain(
      `epoch 3/3  loss ${record.epochs[2].loss.toFixed(4)}  validation ${loss.toFixed(4)}`,
    );
    expect(record).toMatchObject({
      recipe: { model: RECIPE.model, training: RECIPE.training, seed: RECIPE.seed },
      data: { file: 'text.txt', characters: 8000 },
      validation: 0.1,
    });
    expect(existsSync(files.checkpoint)).toBe(false);
  });

  it('stops early where the recipe says so, with the best weights', () => {
    const training = { ...RECIPE.training, epochs: 60, learningRate: 0.2, earlyStopping: { patience: 2 } };
    const stopping = prepare('stopping', { training });
    const printed = output(['train', stopping.recipe, '-o', stopping.model]);
    expect(printed).toContain('stopped early: no lower validation loss for 2 epochs');
    const losses = readLines(stopping.log).flatMap(({ validation }) => validation ?? []);
    expect(losses.length).toBeLessThan(60);
    expect(losses.indexOf(Math.min(...losses))).toBe(losses.length - 3);
    expect(evaluateFile(stopping.model)).toBe(Math.min(...losses));
  });

  it('learns, and logs every update and epoch', () => {
    const [header, ...lines] = readLines(files.log);
    const updates = lines.filter((line) => 'update' in line);
    expect(header).toHaveProperty('training.data.sha256');
    expect(updates.map(({ update }) => update)).toEqual(updates.map((_, i) => i + 1));
    expect(Object.keys(updates[0]!)).toEqual([
      'update',
      'epoch',
      'loss',
      'gradientNorm',
      'learningRate',
      'seconds',
    ]);
    expect(updates.at(-1)!.loss).toBeLessThan(updates[0]!.loss! - 1);
    expect(lines.filter((line) => !('update' in line)).map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
  });

  it('gives the same file on the scalar build', () => {
    const scalar = folder.file('scalar.safetensors');
    output(['train', files.recipe, '-o', scalar, '--build', 'scalar']);
    expect(readFileSync(scalar).equals(readFileSync(files.model))).toBe(true);
  });

  it('takes its vocabulary from the data, and reads typographic characters as others', () => {
    const { tokenizer } = parseModelFile(readFileSync(files.model));
    expect(tokenizer!.vocabulary).toEqual([...new Set(text(8000))].sort());
    const { recipe, model } = prepare('quotes', { validation: 'held-out.txt' });
    writeFileSync(join(recipe, '..', 'held-out.txt'), '“The whale”, he said');
    expect(output(['train', recipe, '-o', model])).toMatch(/held-out.txt: read as others: 2 characters/);
    writeFileSync(join(recipe, '..', 'held-out.txt'), 'The 鯨 and the 鯨');
    const refused = rivulet(['train', recipe, '-o', model]);
    expectRefusal(refused, 'unknown-character', /2 characters \(鯨 2 ×\).*--skip-unknown/);
    const skipped = output(['train', recipe, '-o', model, '--skip-unknown']);
    expect(skipped).toMatch(/left out: 2 characters \(鯨 2 ×\)/);
  });
});

describe('an interrupted training', () => {
  it('leaves a checkpoint, which --resume takes to the same bytes', async () => {
    const whole = prepare('uninterrupted', LONG);
    output(['train', whole.recipe, '-o', whole.model]);
    const files = prepare('interrupted', LONG);
    const { code, stdout } = await interrupt(files);
    expect(code).toBe(130);
    expect(stdout).toMatch(
      /stopped after update \d+ of [\d,]+; .*checkpoint is of this update: --resume goes on\n$/,
    );
    expect(existsSync(files.model)).toBe(false);

    const again = rivulet(['train', files.recipe, '-o', files.model]);
    expectRefusal(again, 'invalid-argument', /checkpoint of a training that has not finished.*--resume/);
    expect(output(['train', files.recipe, '-o', files.model, '--resume'])).toMatch(/going on after update/);
    expect(readFileSync(files.model).equals(readFileSync(whole.model))).toBe(true);
    const losses = (path: string) => readLines(path).map(({ update, loss }) => [update, loss]);
    expect(losses(files.log)).toEqual(losses(whole.log));

    const finished = rivulet(['train', files.recipe, '-o', files.model, '--resume']);
    expectRefusal(finished, 'invalid-argument', /this training has finished/);
  });

  it('refuses a torn or foreign checkpoint and keeps it', async () => {
    const files = prepare('refusals', LONG);
    await interrupt(files);
    const good = readFileSync(files.checkpoint);
    const resume = (recipe: string, ...args: string[]) =>
      rivulet(['train', recipe, '-o', files.model, '--resume', ...args]);

    const damaged = Buffer.from(good);
    damaged[good.length - 5]! ^= 1;
    for (const bytes of [good.subarray(0, good.length >> 1), damaged, Buffer.alloc(0), Buffer.from('{}')]) {
      writeFileSync(files.checkpoint, bytes);
      expectRefusal(resume(files.recipe), 'invalid-checkpoint', /model\.safetensors\.checkpoint: /);
      expect(readFileSync(files.checkpoint).equals(bytes)).toBe(true);
    }
    writeFileSync(files.checkpoint, good);
    const other = { ...LONG.training, dropout: 0.2 };
    const layers = [...RECIPE.model.layers.slice(0, 1), { type: 'gru', units: 16 }, RECIPE.model.layers[2]];
    for (const [name, changes, message] of [
      ['other-options', { training: other }, /dropout 0.1, and now dropout is 0.2/],
      ['other-model', { ...LONG, model: { layers } }, /model of shape/],
      ['other-seed', { ...LONG, seed: 6 }, /seed 5, and now seed is 6/],
    ] as const) {
      expectRefusal(resume(prepare(name, changes).recipe), 'checkpoint-mismatch', message);
    }
    const data = folder.write('other.txt', text(8000).replaceAll('whale', 'shark'));
    expectRefusal(resume(files.recipe, '--data', data), 'checkpoint-mismatch', /other data/);
    expect(readFileSync(files.checkpoint).equals(good)).toBe(true);
    const log = folder.write('foreign.jsonl', '{"training":{}}\n');
    expectRefusal(resume(files.recipe, '--log', log), 'invalid-file', /not the log of this checkpoint/);
  });

  it('goes on without its log, where that was lost', async () => {
    const files = prepare('lost-log', LONG);
    await interrupt(files);
    const log = folder.file('new.jsonl');
    output(['train', files.recipe, '-o', files.model, '--resume', '--log', log]);
    expect(readLines(log)[1]!.update).toBeGreaterThan(1);
  });
});

describe('a training that diverges', () => {
  const optimizer = { type: 'sgd', momentum: 0.9 };

  it('stops at once where the loss is no number', () => {
    const training = {
      ...RECIPE.training,
      optimizer,
      learningRate: 1e38,
      clipNorm: 1e30,
      schedule: 'constant',
    };
    const { recipe, model } = prepare('exploding', { training });
    const result = rivulet(['train', recipe, '-o', model]);
    expectRefusal(result, 'diverged', /diverged at update \d+, which was not made.*Lower learningRate/);
    expect(existsSync(model)).toBe(false);
  });

  it('keeps the last good checkpoint and model', () => {
    const rate = { learningRate: 300, warmup: 600, epochs: 12, schedule: 'constant' };
    const files = prepare('diverging', { training: { ...RECIPE.training, optimizer, ...rate } });
    const result = rivulet(['train', files.recipe, '-o', files.model, '--checkpoint-every', '10']);
    expectRefusal(result, 'diverged', /checkpoint is the last good checkpoint \(diverged\)/);
    const diverged = Number(/at update (\d+)/.exec(result.stderr)![1]);
    const resumed = rivulet(['train', files.recipe, '-o', files.model, '--resume']);
    const from = Number(/going on after update (\d+)/.exec(resumed.stdout)![1]);
    expect(from).toBeLessThanOrEqual(diverged - 100);
    expectRefusal(resumed, 'diverged', new RegExp(`last-good is the model after update ${from};`));
    expect(evaluateFile(`${files.model}.last-good`)).toBeLessThan(10);
  });
});

describe('help', () => {
  it.each(['train', 'finetune'])('of %s has examples', (command) => {
    expect(output(['help', command])).toMatch(/Examples:\n {2}\$ rivulet /);
  });
});

describe('a recipe', () => {
  it.each([
    ['an unknown field', { epochs: 3 }, 'invalid-argument', /unknown field "epochs"; known are model/],
    ['an unknown option', { training: { epoch: 3 } }, 'invalid-argument', /unknown field "epoch"/],
    ['a field in the wrong place', { training: { seed: 3 } }, 'invalid-argument', /"seed" stands beside/],
    [
      'an unknown layer',
      { model: { layers: [{ type: 'lstn' }] } },
      'invalid-argument',
      /layers\[0\].*"type"/,
    ],
    ['no layers', { model: { layers: [] } }, 'invalid-argument', /at least one layer/],
    ['a fraction of nothing', { validation: 0 }, 'invalid-argument', /validation must be/],
    ['no such text', { data: 'none.txt' }, 'invalid-file', /none.txt cannot be read/],
    [
      'a batch larger than the data',
      { training: { batchSize: 9000 } },
      'invalid-argument',
      /at most batchSize/,
    ],
    ['an unroll longer than the data', { training: { unroll: 9000 } }, 'invalid-argument', /at most unroll/],
  ] as const)('with %s is refused', (name, changes, code, message) => {
    const { recipe, model } = prepare(name.replaceAll(' ', '-'), changes);
    expectRefusal(rivulet(['train', recipe, '-o', model]), code, message);
    expect(existsSync(model)).toBe(false);
  });

  it('without a text, with an empty one, or that is none, is refused', () => {
    const { recipe, model } = prepare('no-text', { data: undefined });
    expectRefusal(rivulet(['train', recipe, '-o', model]), 'invalid-argument', /--data FILE/);
    const empty = folder.write('empty.txt', '');
    expectRefusal(rivulet(['train', recipe, '-o', model, '--data', empty]), 'invalid-argument', /is empty/);
    const broken = folder.write('broken.json', '{');
    expectRefusal(rivulet(['train', broken, '-o', model]), 'invalid-argument', /broken.json is not JSON/);
  });

  it('never loses what it reads, nor a file that is no log', () => {
    const { recipe, model } = prepare('overwriting');
    const own = join(recipe, '..', 'text.txt');
    expectRefusal(rivulet(['train', recipe, '-o', own]), 'invalid-argument', /would be overwritten/);
    const diary = folder.file('diary.txt');
    copyFileSync(own, diary);
    const refused = rivulet(['train', recipe, '-o', model, '--log', diary]);
    expectRefusal(refused, 'invalid-argument', /no log of a training/);
    expect(readFileSync(diary, 'utf8')).toBe(text(8000));
  });
});
