import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import { randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { testRuntime } from '../runtime.ts';
import { CHAR_LM, COMMAND, expectRefusal, Folder, output, rivulet } from './command.ts';

const TIMESTEPS = 70;
const folder = new Folder();
const definition = randomModel({ cell: 'lstm', input: 3, hidden: 9, depth: 2, output: 2, seed: 11 });
const model = folder.model('lstm.safetensors', definition);
const inputs = new Random(12).uniforms(TIMESTEPS * 3, -2, 2);
const expected = new Model(testRuntime(), definition).createSession().run(inputs);

function rows(values: Float32Array, width: number): number[][] {
  const all = Array.from(values);
  return Array.from({ length: all.length / width }, (_, t) => all.slice(t * width, (t + 1) * width));
}

function csv(values: Float32Array): string {
  return rows(values, 3)
    .map((row) => `${row.join(',')}\n`)
    .join('');
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** Each line of the output as float32: what is printed gives the same bits again. */
function parse(text: string, line: (text: string) => number[]): Float32Array {
  return Float32Array.from(text.trimEnd().split('\n').flatMap(line));
}

describe('run: formats', () => {
  it('csv: a line of outputs for each line of inputs, to the bit', () => {
    const text = output(['run', model, '--format', 'csv'], csv(inputs));
    expect(text.split('\n')).toHaveLength(TIMESTEPS + 1);
    expect(parse(text, (line) => line.split(',').map(Number))).toEqual(expected);
  });

  it('csv: spaces, quotes, CR LF, exponents and a last line without end', () => {
    const text = output(['run', model], ' 1, -2e-1 ,".5"\r\n+1,0,3.');
    const session = new Model(testRuntime(), definition).createSession();
    const values = session.run(Float32Array.of(1, -0.2, 0.5, 1, 0, 3));
    expect(parse(text, (line) => line.split(',').map(Number))).toEqual(values);
  });

  it('jsonl', () => {
    const lines = rows(inputs, 3).map((row) => JSON.stringify(row));
    const file = folder.write('inputs.jsonl', `${lines.join('\n')}\n`);
    const text = output(['run', model, '--input', file]);
    expect(parse(text, (line) => JSON.parse(line))).toEqual(expected);
  });

  it('f32: bytes in, bytes out', () => {
    const { status, bytes } = rivulet(['run', model, '--format', 'f32'], bytesOf(inputs));
    expect(status).toBe(0);
    expect(bytes.equals(bytesOf(expected))).toBe(true);
  });

  it('text: a line of logits for each character', () => {
    const int8 = join(CHAR_LM, 'model.int8.safetensors');
    const byText = output(['run', int8, '--format', 'text'], 'Œ’s\n');
    const vocabulary = readTokens(int8);
    const tokens = ['Œ', "'", 's', '\n'].map((character) => vocabulary.indexOf(character));
    expect(tokens).not.toContain(-1);
    expect(byText.split('\n')).toHaveLength(5);
    expect(byText).toBe(output(['run', int8, '--format', 'csv'], `${tokens.join('\n')}\n`));
  });

  it('jsonl: an object by name where a model has several inputs or outputs', () => {
    const several = { ...definition, graph: { ...definition.graph, outputs: severalOutputs(definition) } };
    const file = folder.model('several.safetensors', several);
    const text = output(['run', file, '--format', 'jsonl'], '{"input": [1, 2, 3]}\n');
    const values = JSON.parse(text);
    expect(Object.keys(values)).toEqual(['output', 'h']);
    expect(values.h).toHaveLength(9);
    expectRefusal(rivulet(['run', file], '1,2,3\n'), 'invalid-argument', /--format jsonl/);
    const twice = rivulet(['run', file, '--format', 'jsonl'], '{"input": [1, 2, 3], "input": [1, 2, 3]}');
    expectRefusal(twice, 'invalid-file', /line 1, column 22: expected each of input once/);
  });
});

function readTokens(path: string): string[] {
  const bytes = readFileSync(path);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  return JSON.parse(header.__metadata__.tokenizer).vocabulary;
}

function severalOutputs({ graph }: ModelDefinition): ModelDefinition['graph']['outputs'] {
  return [...graph.outputs, { name: 'h', from: 'rnn.l1' }];
}

describe('run: malformed input names line and column', () => {
  it.each([
    ['csv', '1,2,3\n1,x,3\n', /: line 2, column 2: expected a finite float32, got "x"/],
    ['csv', 'a,b,c\n1,2,3\n', /: line 1, column 1: .*\(leave out a header/],
    ['csv', '1,2,3\n1,2\n', /: line 2, column 3: expected 3 values, got a line of 2/],
    ['csv', '1,2,3,4\n', /: line 1, column 4: expected the line to end after 3 values, got 4/],
    ['csv', '1,2,3\n\n1,2,3\n', /: line 2, column 1: expected 3 values/],
    ['csv', '1,2,1e39\n', /: line 1, column 3: expected a finite float32, got "1e39"/],
    ['csv', '1,2,NaN\n', /: line 1, column 3: expected a finite float32, got "NaN"/],
    ['csv', '1,2,0x10\n', /: line 1, column 3: /],
    ['csv', '1,2,3\n1,2,"3\n', /line 2: a quote is opened/],
    ['jsonl', '[1,2,3]\n[1,2 3]\n', /: line 2, column 6: expected "," or "]", got "3]"/],
    ['jsonl', '[1,2,3] 4\n', /: line 1, column 9: expected the end of the line/],
    ['jsonl', '[1,02,3]\n', /: line 1, column 5: expected "," or "]", got "2,3]"/],
    ['jsonl', '[1,2,\n', /: line 1, column 6: expected a number, got the end of the line/],
    ['jsonl', '{"input":[1,2,3]}\n', /: line 1, column 1: expected an array of numbers/],
    ['jsonl', '[1,2, -1e99]\n', /: line 1, column 7: expected a finite float32/],
  ])('%s %j', (format, input, message) => {
    expectRefusal(rivulet(['run', model, '--format', format], input), 'invalid-file', message);
  });

  it('what the model refuses names the line too, and the lines before it are answered', () => {
    const result = rivulet(['run', model, '--format', 'jsonl'], '[1,2,3]\n[1,2]\n');
    expectRefusal(result, 'wrong-length', /: line 2: input "input": .* length 3, got length 2/);
    expect(result.stdout.split('\n')).toHaveLength(2);
  });

  it('tokens and characters', () => {
    const int8 = join(CHAR_LM, 'model.int8.safetensors');
    expectRefusal(rivulet(['run', int8], '1\n89\n'), 'token-out-of-range', /: line 2: .* 0 … 88, got 89/);
    expectRefusal(rivulet(['run', int8], '1.5\n'), 'token-out-of-range', /: line 1: .* got 1.5/);
    const text = rivulet(['run', int8, '--format', 'text'], 'ab\nc鯨');
    expectRefusal(text, 'unknown-character', /: line 2, column 2: .* \(U\+9BE8\)/);
    const notUtf8 = rivulet(['run', int8, '--format', 'text'], Uint8Array.of(0x61, 0xff, 0x61));
    expectRefusal(notUtf8, 'invalid-file', /not UTF-8/);
  });

  it('half a timestep of f32', () => {
    const result = rivulet(['run', model, '--format', 'f32'], new Uint8Array(12 + 7));
    expectRefusal(result, 'invalid-file', /: timestep 2: expected 12 bytes, the input ends after 7/);
  });
});

describe('run --state', () => {
  it('three invocations give what one gives', () => {
    const state = folder.file('stream.state');
    const parts = [inputs.subarray(0, 3), inputs.subarray(3, 120), inputs.subarray(120)];
    const texts = parts.map((part) => output(['run', model, '--state', state], csv(part)));
    expect(texts.join('')).toBe(output(['run', model], csv(inputs)));
  });

  it('a run that fails leaves the state as it was, and nothing aside', () => {
    const state = folder.file('kept.state');
    output(['run', model, '--state', state], csv(inputs));
    const before = readFileSync(state);
    expect(rivulet(['run', model, '--state', state], '1,2,3\n1,2\n').status).toBe(1);
    expect(readFileSync(state).equals(before)).toBe(true);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses the state of another model and a torn one', () => {
    const state = folder.file('foreign.state');
    output(['run', join(CHAR_LM, 'model.int8.safetensors'), '--state', state], '1\n');
    expectRefusal(rivulet(['run', model, '--state', state], '1,2,3\n'), 'snapshot-mismatch', /shape/);
    writeFileSync(state, readFileSync(state).subarray(0, 100));
    expectRefusal(rivulet(['run', model, '--state', state], '1,2,3\n'), 'invalid-snapshot', /torn/);
  });

  it('says where it cannot be written', () => {
    const result = rivulet(['run', model, '--state', folder.file('no/folder')], '1,2,3\n');
    expectRefusal(result, 'invalid-argument', /no\/folder cannot be written/);
  });
});

describe('run as a part of a pipe', () => {
  it('ends quietly when its reader goes', () => {
    const file = folder.write('long.csv', csv(inputs).repeat(500));
    const script = `"$1" "$2" run "$3" --input "$4" | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const args = ['-c', script, 'bash', process.execPath, COMMAND, model, file];
    const { stdout, stderr } = spawnSync('bash', args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.split('\n')[1]).toBe('0');
  });

  it('needs no more memory for a long stream whose reader is slow', () => {
    // 64 float32 of output a timestep: the longer stream gives 128 MB, which nobody reads for a while.
    const wide = randomModel({ cell: 'rnn-tanh', input: 1, hidden: 4, depth: 1, output: 64, seed: 13 });
    const file = folder.model('wide.safetensors', wide);
    const peak = (timesteps: number) => {
      const input = folder.write('inputs.f32', new Uint8Array(4 * timesteps));
      const report = 'process.on("exit",()=>console.error(process.resourceUsage().maxRSS))';
      const script = '"$1" --import "$2" "$3" run "$4" --input "$5" | (sleep 0.5; wc -c)';
      const args = ['bash', process.execPath, `data:text/javascript,${report}`, COMMAND, file, input];
      const { stdout, stderr } = spawnSync('bash', ['-c', script, ...args], { encoding: 'utf8' });
      expect(Number(stdout)).toBe(timesteps * 256);
      return Number(stderr) / 1024;
    };
    const [short, long] = [peak(20_000), peak(500_000)];
    expect(long - short, `${short} and ${long} MB`).toBeLessThan(40);
  });
});
