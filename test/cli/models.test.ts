/** evaluate, quantize, inspect, the demo, and how a model file is opened. */
import { copyFileSync, linkSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModelFile } from '../../src/formats/model-file.ts';
import { serializeSafetensors } from '../../src/formats/safetensors.ts';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import {
  attention,
  concat,
  dense,
  embedding,
  gru,
  input,
  lstm,
  model,
  statesOf,
  tokens,
} from '../../src/index.ts';
import { loadModelSync } from '../../src/session/load.ts';
import { evaluateText } from '../../src/text/evaluate.ts';
import { randomModel } from '../reference/models.ts';
import { testRuntime } from '../runtime.ts';
import { CHAR_LM, expectRefusal, Folder, output, rivulet } from './command.ts';

const folder = new Folder();
const float32 = join(CHAR_LM, 'model.safetensors');
const int8 = join(CHAR_LM, 'model.int8.safetensors');

describe('evaluate', () => {
  it('prints loss, tokens, speed and build', () => {
    const text = readFileSync(join(CHAR_LM, 'validation.txt'), 'utf8').slice(0, 3000);
    const printed = output(['evaluate', int8, '--data', folder.write('part.txt', text), '--build', 'scalar']);
    const session = loadModelSync(readFileSync(int8), { runtime: testRuntime() }).createSession();
    const { loss } = evaluateText(session, text);
    expect(printed.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['loss', loss.toFixed(4), 'nats/char'],
      [(loss / Math.LN2).toFixed(4), 'bits/char'],
      ['tokens', (text.length - 1).toLocaleString('en-US')],
      ['speed', expect.stringMatching(/^[1-9][\d,]*$/), 'tokens/s'],
      ['build', 'scalar'],
      [''],
    ]);
  });

  it('refuses text that the model cannot read', () => {
    const data = folder.write('whale.txt', 'The 鯨');
    expectRefusal(rivulet(['evaluate', int8, '--data', data]), 'unknown-character', /U\+9BE8.* position 4/);
    const latin1 = folder.write('latin1.txt', Uint8Array.of(0x41, 0xe9));
    expectRefusal(rivulet(['evaluate', int8, '--data', latin1]), 'invalid-file', /not UTF-8/);
    expectRefusal(
      rivulet(['evaluate', int8, '--data', folder.file('none')]),
      'invalid-file',
      /cannot be read/,
    );
  });
});

describe('demo', () => {
  it('streams text and ends with the losses of the training, bytes and steps/s', () => {
    const printed = output(['demo']);
    expect(printed.indexOf('\n\n')).toBeGreaterThan(0);
    const row = (name: string) => {
      const [, bytes, loss, speed] = new RegExp(`^${name} +([\\d,]+) +([\\d.]+) +([\\d,]+)$`, 'm').exec(
        printed,
      )!;
      return [bytes, loss, speed].map((text) => Number(text!.replaceAll(',', ''))) as [
        number,
        number,
        number,
      ];
    };
    const [float32Bytes, float32Loss] = row('float32');
    const [int8Bytes, int8Loss, int8Speed] = row('int8');
    const { training } = parseModelFile(readFileSync(float32)).metadata!;
    expect(Math.abs(float32Loss - JSON.parse(training!).epochs.at(-1).validation)).toBeLessThanOrEqual(2e-4);
    expect(float32Loss).toBeLessThanOrEqual(1.38);
    expect(int8Loss - float32Loss).toBeLessThanOrEqual(0.005);
    expect([float32Bytes, int8Bytes]).toEqual([statSync(float32).size, statSync(int8).size]);
    expect(int8Bytes / float32Bytes).toBeLessThanOrEqual(0.3);
    expect(int8Speed).toBeGreaterThan(0);
    expect(printed).toMatch(/module infer\.simd\.wasm: [\d,]+ bytes\n$/);
  }, 240_000);
});

describe('quantize', () => {
  it('writes the committed int8 model and reports each layer', () => {
    const file = folder.file('int8.safetensors');
    const printed = output(['quantize', float32, '-o', file]);
    expect(readFileSync(file).equals(readFileSync(int8))).toBe(true);
    // 1536 × 448 weights and 89 × 384 of them: float32 before; after it int8, and a float32 scale for each row.
    expect(printed).toMatch(/^lstm +2,752,512 +700,416 +0\.0\d+ +\d\d\.\d$/m);
    expect(printed).toMatch(/^head +136,704 +34,532 +0\.0\d+ +\d\d\.\d$/m);
    expect(printed).toMatch(/^all tensors +2,924,644 +770,376 /m);
  });

  it('keeps nodes float32', () => {
    const file = folder.file('keep.safetensors');
    expect(output(['quantize', float32, '-o', file, '--keep', 'head'])).not.toMatch(/^head/m);
    expect(parseModelFile(readFileSync(file)).tensors.get('head.weight')!.dtype).toBe('F32');
    const unknown = rivulet(['quantize', float32, '-o', file, '--keep', 'tail']);
    expectRefusal(unknown, 'invalid-argument', /"tail"; the nodes are "embedding", "lstm", "head"/);
  });

  it('never overwrites its input, by whatever name', () => {
    const model = folder.file('model.safetensors');
    copyFileSync(float32, model);
    linkSync(model, folder.file('link.safetensors'));
    for (const name of ['model.safetensors', './model.safetensors', 'link.safetensors']) {
      const result = rivulet(['quantize', model, '-o', `${folder.path}/${name}`]);
      expectRefusal(result, 'invalid-argument', /is the model itself/);
    }
    expect(readFileSync(model).equals(readFileSync(float32))).toBe(true);
  });

  it('refuses what is int8 already and leaves no file', () => {
    const file = folder.file('twice.safetensors');
    expectRefusal(rivulet(['quantize', int8, '-o', file]), 'invalid-argument', /int8 already/);
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('inspect', () => {
  it('shows graph, ports, tokenizer, fingerprint and bytes', () => {
    const printed = output(['inspect', int8]);
    expect(printed).toMatch(/^● +embedding +embedding +tokens +64 +5,696 +22,784 +float32 +weight 89×64$/m);
    expect(printed).toMatch(/^● +lstm +lstm +embedding +384 +691,200 +712,704 +int8 +weight_ih 1536×64, /m);
    expect(printed).toMatch(/^input +tokens: tokens, 89$/m);
    expect(printed).toMatch(/^output +logits: features, 89$/m);
    expect(printed).toMatch(/^streams +yes$/m);
    expect(printed).toMatch(/^tokenizer +characters, 89$/m);
    expect(printed).toMatch(/^fingerprint +shape [\da-f]{16}, weights [\da-f]{16}$/m);
    expect(printed).toMatch(new RegExp(`^file +${statSync(int8).size.toLocaleString('en-US')} +bytes$`, 'm'));
    for (const name of ['module', 'plan', 'session', 'linear memory']) {
      expect(printed).toMatch(new RegExp(`^${name} +[1-9][\\d,]+ +bytes`, 'm'));
    }
  });
});

describe('the drawing of a graph', () => {
  const runtime = testRuntime();
  /** The lines of the graph: the drawing and the first cells of each. */
  const drawn = (definition: ModelDefinition, cells: number) =>
    output(['inspect', folder.model('drawn.safetensors', definition)])
      .split('\n\n')[0]!
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(/(?<=\S) {2,}/).slice(0, cells + 1));

  it('shows what branches and what joins', () => {
    const x = input('x', 6);
    const h = lstm(4)(x);
    const y = dense(3)(concat([h, gru(2, { direction: 'both' })(x), x]));
    const definition = model({ inputs: [x], outputs: { y, h }, runtime });
    expect(drawn(definition, 4)).toEqual([
      ['○', 'x', 'features', '6'],
      ['├─●', 'lstm', 'lstm', 'x', '4'],
      ['├─│─●', 'gru', 'gru', 'x', '4'],
      ['●─┼─┘', 'concat', 'concat', 'lstm, gru, x', '14'],
      ['● │', 'dense', 'dense', 'concat', '3'],
      ['◆ │', 'y', 'output', 'dense', '3'],
      ['  ◆', 'h', 'output', 'lstm', '4'],
    ]);
    const printed = output(['inspect', folder.file('drawn.safetensors')]);
    expect(printed).toMatch(/^streams +no: gru goes backward, run takes whole sequences$/m);
    expect(printed).toMatch(/ gru .* float32 +after both concat +weight_ih 6×6, /);
  });

  it('shows encoder and decoder apart, and what one has of the other', () => {
    const source = tokens('source', 5);
    const encoded = lstm(4, { name: 'encoder' })(embedding(5, 3)(source));
    const x = input('x', 6);
    const decoded = lstm(4, { initial: statesOf(encoded), name: 'decoder' })(x);
    const y = attention(encoded)(decoded);
    const definition = model({ encoder: { inputs: [source] }, inputs: [x], outputs: { y }, runtime });
    expect(drawn(definition, 3)).toEqual([
      ['once a sequence:'],
      ['○', 'source', 'tokens', '5'],
      ['●', 'embedding', 'embedding', 'source'],
      ['●', 'encoder', 'lstm', 'embedding'],
      ['each timestep:'],
      ['○', 'x', 'features', '6'],
      ['●', 'decoder', 'lstm', 'x; h from encoder.h; c from encoder.c'],
      ['●', 'attention', 'attention', 'decoder; memory encoder'],
      ['◆', 'y', 'output', 'attention'],
    ]);
    const printed = output(['inspect', folder.file('drawn.safetensors')]);
    expect(printed).toMatch(/^encoded +source: tokens, 5$/m);
    expect(printed).toMatch(/^streams +yes, once its sequence is encoded$/m);
  });
});

describe('a file without a graph', () => {
  const definition = randomModel({ cell: 'lstm', input: 3, hidden: 4, depth: 1, output: 2, seed: 21 });
  const bare = folder.write('bare.safetensors', serializeSafetensors(definition.tensors, {}));

  it('is refused, and taken with --graph', () => {
    expectRefusal(rivulet(['inspect', bare]), 'missing-graph', /--graph FILE/);
    const graph = folder.write('graph.json', JSON.stringify(definition.graph));
    const same = folder.model('same.safetensors', definition);
    expect(output(['run', bare, '--graph', graph], '1,2,3\n')).toBe(output(['run', same], '1,2,3\n'));
    const broken = folder.write('broken.json', '{"inputs": [}');
    expectRefusal(rivulet(['run', bare, '--graph', broken], ''), 'invalid-graph', /graph/);
  });

  it('is imported with --config where it is a state_dict of PyTorch', () => {
    const config = folder.write('config.json', '{"outputName": "y"}');
    expect(output(['inspect', bare, '--config', config])).toMatch(/^output +y: features, 2$/m);
    const broken = folder.write('config2.json', '{');
    expectRefusal(
      rivulet(['inspect', bare, '--config', broken]),
      'invalid-argument',
      /config2.json is not JSON/,
    );
  });
});
