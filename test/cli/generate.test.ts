import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModelSync } from '../../src/session/load.ts';
import { generateText } from '../../src/text/generate.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { CHAR_LM, COMMAND, expectRefusal, Folder, output, rivulet } from './command.ts';

const folder = new Folder();
const model = join(CHAR_LM, 'model.safetensors');

describe('generate', () => {
  it('takes the model of the package from any folder when none is named', () => {
    const command = [COMMAND, 'generate', '--length', '20'];
    const { status, stdout } = spawnSync(process.execPath, command, { cwd: folder.path, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout.startsWith('Call me Ishmael. ')).toBe(true);
    expect(stdout.length).toBe('Call me Ishmael. '.length + 20 + 1);
  });

  it('gives the text of generateText with the same settings', () => {
    const session = loadModelSync(readFileSync(model), { runtime: testRuntime() }).createSession();
    const settings = { prompt: 'The whale', maxTokens: 60, temperature: 0.9, seed: 5, topK: 20, topP: 0.95 };
    const expected = `The whale${[...generateText(session, settings)].join('')}\n`;
    const args = [
      '--length',
      '60',
      '--temperature',
      '0.9',
      '--seed',
      '5',
      '--top-k',
      '20',
      '--top-p',
      '0.95',
    ];
    expect(output(['generate', model, '--prompt', 'The whale', ...args])).toBe(expected);
    expect(output(['generate', model, '--prompt', 'The whale', '--build', 'scalar', ...args])).toBe(expected);
  });

  it('gives another text for another seed', () => {
    const [one, other] = ['1', '2'].map((seed) => output(['generate', '--length', '40', '--seed', seed]));
    expect(one).not.toBe(other);
  });

  it('refuses in one line', () => {
    expectRefusal(rivulet(['generate', '--prompt', '鯨']), 'unknown-character', /U\+9BE8/);
    expectRefusal(rivulet(['generate', '--temperature', '-1']), 'invalid-argument', /temperature .* got -1/);
    expectRefusal(rivulet(['generate', folder.file('none')]), 'invalid-file', /none cannot be read/);
    const features = randomModel({ cell: 'gru-after', input: 2, hidden: 3, depth: 1, seed: 1 });
    expectRefusal(rivulet(['generate', folder.model('gru', features)]), 'invalid-argument', /tokenizer/);
    // A pickle's advice has two lines where it is thrown, and one here.
    const pickle = folder.write('model.pt', Uint8Array.of(0x80, 2, 0x7d, 0x71, 0, 0x2e));
    expectRefusal(rivulet(['generate', pickle]), 'unsupported-format', /save_file/);
  });
});

describe('the command line', () => {
  it.each([
    ['an unknown command', ['generat']],
    ['an unknown option', ['generate', '--promt', 'x']],
    ['a number that is none', ['generate', '--length', 'many']],
    ['a build that is none', ['generate', '--build', 'relaxed']],
    ['a missing argument', ['run']],
    ['a missing option', ['evaluate', 'model.safetensors']],
    ['two options that exclude each other', ['inspect', 'm', '--graph', 'g', '--config', 'c']],
    ['no command', []],
  ])('exits with 2 on %s', (_, args) => {
    const { status, stdout, stderr } = rivulet(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('shows help with examples, and the version', () => {
    for (const command of ['generate', 'run', 'evaluate', 'quantize', 'inspect']) {
      expect(output(['help', command])).toMatch(/Examples?:\n {2}\$ .*rivulet /);
    }
    const { version } = JSON.parse(readFileSync(join(CHAR_LM, '../../package.json'), 'utf8'));
    expect(output(['--version'])).toBe(`${version}\n`);
  });
});
