/** convert: what it prints, checks and writes; test/convert has the formats. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { parseModelFile, serializeModel } from '../../src/formats/model-file.ts';
import { serializeSafetensors } from '../../src/formats/safetensors.ts';
import { type NumpyArray, parseNpy } from '../../tools/cli/npz/npy.ts';
import { parseNpz } from '../../tools/cli/npz/npz.ts';
import { CHAR_LM, expectRefusal, Folder, output, ROOT, rivulet } from './command.ts';

const folder = new Folder();
const stateDict = join(ROOT, 'test/formats/fixtures/rnn-relu.safetensors');
const recorded = join(ROOT, 'test/cli/fixtures/recorded.npz');
const config = folder.write('relu.json', '{ "nonlinearity": "relu" }');

function npy(header: string, data = new Uint8Array(0), version = 1): Uint8Array {
  const bytes = new Uint8Array(10 + header.length + data.length);
  bytes.set([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    version,
    0,
    header.length & 255,
    header.length >> 8,
  ]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(data, 10 + header.length);
  return bytes;
}

const headerOf = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('convert', () => {
  it('prints the graph, what it was in the file and what it used, checks it, and writes it', () => {
    const to = folder.file('relu.safetensors');
    const printed = output(['convert', stateDict, '-o', to, '--config', config, '--check', recorded]);
    const { graph } = parseModelFile(readFileSync(to));
    expect(graph.nodes.map(({ name, type }) => `${name} ${type}`)).toEqual(['rnn rnn', 'head dense']);
    expect(printed).toMatch(/^● +rnn +rnn +input +5 /m);
    expect(printed).toMatch(/^ {2}head: dense of rnn with head\.weight \[2, 5\], head\.bias \[2\]$/m);
    expect(printed).toMatch(/^parameters found +62\nparameters used +62\nweights unused +none$/m);
    expect(printed).toMatch(/^output +float32 +28 +\d\.\d\de-[789] +\d\.\d\de-[678]$/m);
    expect(printed).toContain(`${to}  `);
  });

  it('writes int8 weights, and reports both errors', () => {
    const to = folder.file('relu.int8.safetensors');
    const steps = join(ROOT, 'test/cli/fixtures/recorded.steps.npz');
    const printed = output([
      'convert',
      stateDict,
      '-o',
      to,
      '--config',
      config,
      '--check',
      steps,
      '--quantize',
      'int8',
    ]);
    expect(parseModelFile(readFileSync(to)).tensors.get('rnn.weight_hh_l0')?.dtype).toBe('I8');
    expect(printed).toMatch(/^output +float32 +14 +\d\.\d\de-[789] /m);
    expect(printed).toMatch(/^output +int8 +14 +\d\.\d\de-[234] /m);
  });

  it('writes nothing where the model is not what was recorded', () => {
    const to = folder.file('tanh.safetensors');
    const { status, stdout, stderr } = rivulet(['convert', stateDict, '-o', to, '--check', recorded]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^output +float32 +28 /m);
    expect(stderr).toMatch(/^rivulet: the output "output" is \S+ from what was recorded.* tolerance 0\.0001/);
    expect(existsSync(to)).toBe(false);
    output(['convert', stateDict, '-o', to, '--check', recorded, '--tolerance', '9']);
    expect(existsSync(to)).toBe(true);
  });

  it('refuses to write over what it reads, files of no format, and several of a format that has one', () => {
    const copy = folder.write('copy.safetensors', readFileSync(stateDict));
    expectRefusal(rivulet(['convert', copy, '-o', copy]), 'invalid-argument', /would be overwritten/);
    const to = folder.file('none.safetensors');
    const text = folder.write('notes.txt', 'no model');
    expectRefusal(rivulet(['convert', text, '-o', to]), 'unsupported-format', /"notes\.txt": .*pytorch/);
    const two = ['convert', stateDict, recorded, '-o', to, '--from', 'pytorch'];
    expectRefusal(rivulet(two), 'invalid-argument', /one safetensors file, got 2/);
    expect(rivulet(['convert', stateDict, '-o', to, '--state', 'h0']).status).toBe(2);
    expect(rivulet(['convert', stateDict, '-o', to, '--from', 'caffe']).status).toBe(2);
    expect(existsSync(to)).toBe(false);
  });

  it('refuses a recording that does not fit the model', () => {
    const check = (arrays: Record<string, [shape: string, values: number]>) => {
      const files = Object.entries(arrays).map(([name, [shape, values]]) => {
        return [`${name}.npy`, npy(headerOf('<f4', shape), new Uint8Array(4 * values))] as const;
      });
      const npz = folder.write('recording.npz', zipSync(Object.fromEntries(files)));
      return rivulet(['convert', stateDict, '-o', folder.file('none.safetensors'), '--check', npz]);
    };
    const [input, given] = [
      ['(2, 3)', 6],
      ['(2, 2)', 4],
    ] as [[string, number], [string, number]];
    expectRefusal(
      check({ input, output: given, x: input }),
      'invalid-argument',
      /holds "x".*input, output.*rnn\.h/,
    );
    expectRefusal(check({ output: given }), 'invalid-argument', /no input "input"/);
    expectRefusal(check({ input }), 'invalid-argument', /no output/);
    expectRefusal(
      check({ input: ['(2, 4)', 8], output: given }),
      'wrong-shape',
      /\[timesteps, 3\].*\[2, 4\]/,
    );
    expectRefusal(check({ input, output: ['(3, 2)', 6] }), 'wrong-shape', /3 timesteps of 1 rows.* 2 of 1/);
    expectRefusal(check({ input, output: given, 'rnn.h': ['(4)', 4] }), 'wrong-shape', /state "rnn\.h"/);
  });

  it('leaves a model of ours as it is', () => {
    const to = folder.file('char-lm.safetensors');
    output(['convert', join(CHAR_LM, 'model.safetensors'), '-o', to]);
    expect(readFileSync(to).equals(readFileSync(join(CHAR_LM, 'model.safetensors')))).toBe(true);
  });

  it('writes ONNX, which it reads again', () => {
    const onnx = folder.file('relu.onnx');
    output(['convert', stateDict, '-o', onnx, '--config', config]);
    const again = folder.file('again.safetensors');
    expect(output(['convert', onnx, '-o', again])).toMatch(/^format +onnx\nparameters found +\d+$/m);
    expect(parseModelFile(readFileSync(again)).graph.nodes.length).toBeGreaterThan(1);
  });

  it('writes ONNX of one timestep a call, and reads it where the time is named', () => {
    const onnx = folder.file('step.onnx');
    const step = ['convert', stateDict, '--config', config, '--timestep', '-o'];
    output([...step, onnx]);
    const again = folder.file('step.safetensors');
    const printed = output([
      'convert',
      onnx,
      '-o',
      again,
      '--time',
      'none',
      '--state',
      'state.rnn.h:state.rnn.h.next',
    ]);
    expect(printed).toMatch(/a call is a timestep/);
    expect(parseModelFile(readFileSync(again)).graph.inputs.length).toBe(1);
    expectRefusal(rivulet([...step, again]), 'invalid-argument', /--timestep .* does not end in \.onnx/);
    const axis = ['convert', onnx, '-o', again, '--time', '7'];
    expectRefusal(
      rivulet(axis),
      'invalid-argument',
      /time: 7 is no axis of the input "input"; expected 0 to 2/,
    );
    expect(rivulet(['convert', onnx, '-o', again, '--time', 'x']).status).toBe(2);
  });

  it('checks a model of several inputs that goes backward', () => {
    const inputs = [
      { name: 'a', kind: 'features', size: 2 },
      { name: 'b', kind: 'features', size: 1 },
    ] as const;
    const shapes = { ih: [1, 3], hh: [1, 1] } as const;
    const tensors = { weight_ih: 'ih', weight_hh: 'hh' };
    // h counts, from the last timestep back, what the inputs bring.
    const values = { ih: [1, 10, 100], hh: [1] };
    const model = serializeModel({
      graph: {
        inputs,
        outputs: [{ name: 'y', from: 'rnn' }],
        nodes: [
          { name: 'joined', inputs: ['a', 'b'], type: 'concat' },
          {
            name: 'rnn',
            input: 'joined',
            type: 'rnn',
            tensors,
            nonlinearity: 'identity',
            direction: 'backward',
          },
        ],
      },
      tensors: new Map(
        (['ih', 'hh'] as const).map((name) => [
          name,
          { dtype: 'F32', shape: shapes[name], data: Float32Array.from(values[name]) },
        ]),
      ),
    });
    const floats = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);
    const npz = zipSync({
      'a.npy': npy(headerOf('<f4', '(3, 2)'), floats(1, 2, 3, 4, 5, 6)),
      'b.npy': npy(headerOf('<f4', '(3, 1)'), floats(7, 8, 9)),
      'y.npy': npy(headerOf('<f4', '(3, 1)'), floats(721 + 843 + 965, 843 + 965, 965)),
    });
    const from = folder.write('several.safetensors', model);
    const check = folder.write('several.npz', npz);
    const printed = output(['convert', from, '-o', folder.file('copy.safetensors'), '--check', check]);
    expect(printed).toMatch(/^y +float32 +3 +0\.00e\+0 /m);
  });

  it('refuses a mask of Keras, or takes it out', () => {
    const shape = { batch_input_shape: [null, null, 1] };
    const layers = [
      { class_name: 'Masking', config: { name: 'masking', mask_value: 0, ...shape } },
      { class_name: 'Dense', config: { name: 'dense', units: 1, use_bias: false } },
    ];
    const model = {
      modelTopology: { class_name: 'Sequential', config: { layers } },
      weightsManifest: [
        { paths: ['w.bin'], weights: [{ name: 'dense/kernel', shape: [1, 1], dtype: 'float32' }] },
      ],
    };
    const json = folder.write('masked.json', JSON.stringify(model));
    const command = ['convert', json, folder.write('w.bin', new Uint8Array(4)), '-o', folder.file('masked')];
    expectRefusal(rivulet(command), 'unsupported-operator', /"masking" .*--ignore-masks/);
    expect(output([...command, '--ignore-masks'])).toMatch(
      /^ {2}layer "masking" \(Masking\): its mask is left out/m,
    );
  });

  it('knows a state_dict with a graph from one without', () => {
    const damaged = serializeSafetensors(new Map(), { format: 'rivulet/1', graph: '{}' });
    const file = folder.write('damaged.safetensors', damaged);
    expectRefusal(
      rivulet(['convert', file, '-o', folder.file('none.safetensors')]),
      'invalid-graph',
      /graph/,
    );
  });
});

describe('an archive of NumPy', () => {
  const refusal = (action: () => unknown) => {
    try {
      action();
    } catch (error) {
      return String((error as Error).message);
    }
    throw new Error('it was accepted');
  };

  it('gives arrays of every type that is read', () => {
    const bytes = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const read = (descr: string, shape: string): NumpyArray =>
      parseNpy('x', npy(headerOf(descr, shape), bytes));
    expect(read('<i8', '(1,)')).toEqual({ shape: [1], data: Float64Array.of(1) });
    expect(read('<u4', '(2, 1)')).toEqual({ shape: [2, 1], data: Float64Array.of(1, 0) });
    expect(read('|u1', '(2, 2, 2)').data).toEqual(Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0));
    expect(read('<f8', '()').shape).toEqual([]);
  });

  it.each([
    ['no magic', new Uint8Array(20), /does not begin/],
    ['a few bytes', Uint8Array.of(0x93), /does not begin/],
    ['version 9', npy(headerOf('<f4', '()'), new Uint8Array(4), 9), /version 9/],
    ['objects', npy(headerOf('|O', '(1,)')), /\|O in C order/],
    ['Fortran order', npy(headerOf('<f4', '(1, 1)', 'True'), new Uint8Array(4)), /Fortran/],
    ['too few values', npy(headerOf('<f4', '(3,)'), new Uint8Array(8)), /\[3\].* 8 bytes/],
    ['a size that overflows', npy(headerOf('<f4', `(${2 ** 40}, ${2 ** 40})`)), /does not have/],
    ['a header that is code', npy("{'descr': __import__('os')}\n"), /not one of a plain array/],
  ])('refuses %s', (_, bytes, message) => {
    expect(refusal(() => parseNpy('x', bytes))).toMatch(message);
  });

  it('refuses what claims more than deflate can pack, or is no array', () => {
    const bomb = zipSync({ 'x.npy': new Uint8Array((1 << 26) + 1) }, { level: 1 });
    expect(refusal(() => parseNpz(bomb))).toMatch(/at most 67108864/);
    const claim = zipSync({ 'x.npy': new Uint8Array(9) }, { level: 9 });
    const directory = claim.length - 22 - 46 - 'x.npy'.length;
    new DataView(claim.buffer).setUint32(directory + 24, 2 ** 31, true);
    expect(refusal(() => parseNpz(claim))).toMatch(/says that "x\.npy" has 2147483648 bytes/);
    new DataView(claim.buffer).setUint32(directory + 24, 8, true);
    expect(refusal(() => parseNpz(claim))).toMatch(/larger than it says, 8 bytes/);
    new DataView(claim.buffer).setUint32(directory + 24, 10, true);
    expect(refusal(() => parseNpz(claim))).toMatch(/has 9 bytes, and says that it has 10/);
    expect(refusal(() => parseNpz(zipSync({ 'x.py': new Uint8Array(9) })))).toMatch(/no array/);
    expect(refusal(() => parseNpz(new Uint8Array(100)))).toMatch(/archive of NumPy/);
  });
});
