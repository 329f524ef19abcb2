import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convert } from '../../../src/convert/index.ts';
import { refusedFile } from '../refused.ts';

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
}

interface LayerJson {
  class_name: string;
  config: Record<string, unknown>;
  [field: string]: unknown;
}

function layer(className: string, config: object = {}, fields: object = {}): LayerJson {
  return { class_name: className, config: { name: className.toLowerCase(), ...config }, ...fields };
}

const SHAPE = { batch_input_shape: [null, null, 3] };
const lstm = (config: object = {}) => layer('LSTM', { units: 4, recurrent_activation: 'sigmoid', ...config });
const dense = (config: object = {}, fields: object = {}) => layer('Dense', { units: 2, ...config }, fields);

/** Layers one behind the other; the first has the shape of the input. */
function sequential(...layers: readonly LayerJson[]): object {
  const [first, ...rest] = layers as [LayerJson, ...LayerJson[]];
  return {
    class_name: 'Sequential',
    keras_version: '2.11.0',
    config: { layers: [{ ...first, config: { ...SHAPE, ...first.config } }, ...rest] },
  };
}

/** Layers, each with the names of what it reads; the input is `x`. */
function functional(
  layers: readonly (readonly [LayerJson, unknown])[],
  outputs: unknown = [[layers.at(-1)![0].config.name, 0, 0]],
): object {
  const input = { class_name: 'InputLayer', name: 'x', config: { name: 'x', ...SHAPE }, inbound_nodes: [] };
  const others = layers.map(([json, inbound]) => ({
    ...json,
    name: json.config.name,
    inbound_nodes: inbound,
  }));
  return {
    class_name: 'Functional',
    keras_version: '2.11.0',
    config: {
      name: 'inner',
      layers: [input, ...others],
      input_layers: [['x', 0, 0]],
      output_layers: outputs,
    },
  };
}

function nested(depth: number): LayerJson {
  return layer('Sequential', { layers: [depth === 0 ? dense() : nested(depth - 1)] });
}

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype?: string;
  readonly quantization?: object;
}

const LSTM: readonly Weight[] = [
  { name: 'lstm/kernel', shape: [3, 16] },
  { name: 'lstm/recurrent_kernel', shape: [4, 16] },
  { name: 'lstm/bias', shape: [16] },
];
const MASKED_EMBEDDING = layer('Embedding', {
  batch_input_shape: [null, null],
  input_dim: 5,
  output_dim: 3,
  mask_zero: true,
});
const EMBEDDING: readonly Weight[] = [{ name: 'embedding/embeddings', shape: [5, 3] }];
const DENSE: readonly Weight[] = [
  { name: 'dense/kernel', shape: [3, 2] },
  { name: 'dense/bias', shape: [2] },
];

/** A TF.js model of zeros. */
function files(modelTopology: object, weights: readonly Weight[], bytes = sizeOf(weights)) {
  const specs = weights.map((weight) => ({ dtype: 'float32', ...weight }));
  const json = { modelTopology, weightsManifest: [{ paths: ['w.bin'], weights: specs }] };
  return [
    { name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(json)) },
    { name: 'w.bin', bytes: new Uint8Array(bytes) },
  ];
}

function sizeOf(weights: readonly Weight[]): number {
  return weights.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
}

async function refusal(model: object, weights: readonly Weight[] = [], bytes?: number): Promise<string> {
  const error: unknown = await convert(files(model, weights, bytes)).then(
    () => 'accepted',
    (cause: unknown) => cause,
  );
  return String((error as { code?: string }).code).concat(': ', String((error as Error).message ?? error));
}

describe('layers that are refused by name', () => {
  it.each<[string, object, readonly Weight[], RegExp]>([
    [
      'Lambda',
      sequential(layer('Lambda', { function: 'x' })),
      [],
      /layer "lambda" \(Lambda\) is not supported/,
    ],
    ['RepeatVector', sequential(layer('RepeatVector', { n: 2 })), [], /\(RepeatVector\) is not supported/],
    [
      'a class of its own',
      sequential(dense({}, { module: 'my.layers', registered_name: 'my>Dense' })),
      DENSE,
      /layer "dense": "Dense" is a class of its own \("my>Dense"\)/,
    ],
    ['a subclass', { class_name: 'MyModel', config: {} }, [], /class "MyModel"; supported are Sequential/],
    [
      'a model of two outputs in a model',
      functional([
        [
          functional(
            [[dense(), [[['x', 0, 0, {}]]]]],
            [
              ['dense', 0, 0],
              ['x', 0, 0],
            ],
          ) as LayerJson,
          [[['x', 0, 0, {}]]],
        ],
      ]),
      DENSE,
      /model "inner": it has 1 inputs, of which 1 are given, and 2 outputs; supported, .* one output/,
    ],
    [
      'a model in two places',
      functional([[layer('Sequential', { layers: [dense()] }), [[['x', 0, 0, {}]], [['x', 0, 0, {}]]]]]),
      DENSE,
      /"sequential" \(Sequential\) is called 2 times; a layer that several places share/,
    ],
    [
      'a model at every timestep',
      sequential(layer('TimeDistributed', { layer: layer('Sequential', { layers: [dense()] }) })),
      DENSE,
      /its layer is "Sequential"; supported are layers/,
    ],
    [
      'a layer that is not supported, in a model in a model',
      sequential(layer('Sequential', { layers: [layer('Lambda')] })),
      [],
      /layer "sequential\.lambda" \(Lambda\) is not supported/,
    ],
    [
      'models within models without end',
      sequential(nested(100)),
      [],
      /models stand within models more than 16 deep/,
    ],
    [
      'stacked cells',
      sequential(layer('RNN', { cell: layer('StackedRNNCells', { cells: [] }) })),
      [],
      /layer "rnn" \(RNN\): its cell is "StackedRNNCells"; supported are SimpleRNNCell/,
    ],
    [
      'the mask of an embedding',
      sequential(MASKED_EMBEDDING, lstm()),
      [...EMBEDDING, ...LSTM],
      /"embedding" \(Embedding\): mask_zero makes Keras pass over timesteps of token 0.*--ignore-masks.*without padding/,
    ],
    [
      'the mask of values',
      sequential(layer('Masking', { mask_value: 0 }), lstm()),
      LSTM,
      /"masking" \(Masking\): its mask makes Keras pass over timesteps whose values are all 0.*ignoreMasks/,
    ],
    ['gelu', sequential(dense({ activation: 'gelu' })), DENSE, /activation is "gelu"; supported are linear/],
    [
      'an activation of its own',
      sequential(dense({ activation: { class_name: 'Mine' } })),
      DENSE,
      /activation is an object; supported is one of/,
    ],
    [
      'softmax in a cell',
      sequential(lstm({ activation: 'softmax' })),
      LSTM,
      /activation is "softmax"; supported is an elementwise/,
    ],
    [
      'a hard_sigmoid of an unknown version',
      { ...sequential(lstm({ recurrent_activation: 'hard_sigmoid' })), keras_version: undefined },
      LSTM,
      /hard_sigmoid is 0\.2 x \+ 0\.5 up to Keras 2 .* add "keras_version"/,
    ],
    ['time_major', sequential(lstm({ time_major: true })), LSTM, /time_major is true; supported is false/],
    ['return_state', sequential(lstm({ return_state: true })), LSTM, /return_state is true/],
    [
      'an option that it does not know',
      sequential(dense({ lora_rank: 4 })),
      DENSE,
      /"lora_rank" is 4, which is not known/,
    ],
    [
      'convolution that looks ahead',
      sequential(layer('Conv1D', { filters: 2, kernel_size: [3], padding: 'same' })),
      [
        { name: 'conv1d/kernel', shape: [3, 3, 2] },
        { name: 'conv1d/bias', shape: [2] },
      ],
      /padding is "same"; supported is causal over time/,
    ],
    [
      'convolution with a stride over time',
      sequential(layer('Conv1D', { filters: 2, kernel_size: [3], padding: 'causal', strides: [2] })),
      [
        { name: 'conv1d/kernel', shape: [3, 3, 2] },
        { name: 'conv1d/bias', shape: [2] },
      ],
      /strides is 2; supported is 1 over time/,
    ],
    ['flattened time', sequential(layer('Flatten')), [], /joins all timesteps/],
    ['reshaped time', sequential(layer('Reshape', { target_shape: [3, -1, 1] })), [], /target_shape is /],
    ['pooling over time', sequential(layer('MaxPooling1D')), [], /supported is a sequence of vectors, or/],
    ['another axis', sequential(layer('LayerNormalization', { axis: [1] })), [], /axis is an array/],
    [
      'a recurrent layer of one value',
      sequential(lstm(), lstm({ name: 'second' })),
      LSTM,
      /"lstm" is no sequence in Keras/,
    ],
    [
      'an input of unknown size',
      sequential(dense({ batch_input_shape: [null, null, null] })),
      DENSE,
      /input "dense_input" has the shape \[null,null,null\]/,
    ],
    [
      'an initial state as an input',
      functional([[lstm(), [[['x', 0, 0, { initial_state: [['y', 0, 0]] }]]]]]),
      LSTM,
      /it is called with initial_state/,
    ],
    [
      'a state as an output',
      functional([[lstm(), [[['x', 0, 0, {}]]]]], [['lstm', 0, 1]]),
      LSTM,
      /reads output 1 of layer "lstm"/,
    ],
    [
      'a layer in two places',
      functional([[dense(), [[['x', 0, 0, {}]], [['x', 0, 0, {}]]]]]),
      DENSE,
      /called 2 times; a layer that several places share/,
    ],
    [
      'values of other timesteps',
      functional([
        [lstm({ name: 'lstm' }), [[['x', 0, 0, {}]]]],
        [dense(), [[['x', 0, 0, {}]]]],
        [
          layer('Concatenate'),
          [
            [
              ['lstm', 0, 0, {}],
              ['dense', 0, 0, {}],
            ],
          ],
        ],
      ]),
      [...LSTM, ...DENSE],
      /"lstm" and "dense" are not of the same timesteps/,
    ],
    [
      'values of other sizes',
      functional([
        [dense(), [[['x', 0, 0, {}]]]],
        [
          layer('Add'),
          [
            [
              ['x', 0, 0, {}],
              ['dense', 0, 0, {}],
            ],
          ],
        ],
      ]),
      DENSE,
      /supported are values of one shape/,
    ],
  ])('%s', async (_, model, weights, message) => {
    const said = await refusal(model, weights);
    expect(said).toMatch(/^unsupported-operator: /);
    expect(said).toMatch(message);
  });

  it.each<[string, object, readonly Weight[], RegExp]>([
    [
      'a circle',
      functional([
        [
          layer('Add', { name: 'a' }),
          [
            [
              ['x', 0, 0, {}],
              ['b', 0, 0, {}],
            ],
          ],
        ],
        [
          layer('Add', { name: 'b' }),
          [
            [
              ['x', 0, 0, {}],
              ['a', 0, 0, {}],
            ],
          ],
        ],
      ]),
      [],
      /invalid-file: layer "a" reads a layer that is not in the model, or its own output/,
    ],
    [
      'no layers',
      { class_name: 'Sequential', config: [] },
      [],
      /invalid-file: the Sequential model has no layers/,
    ],
    [
      'two of one name',
      sequential(dense(), dense()),
      DENSE,
      /invalid-file: the model has two layers of one name/,
    ],
    [
      'a kernel of another size',
      sequential(dense({ units: 5 })),
      DENSE,
      /wrong-shape: .*"dense\/kernel" of shape/,
    ],
    [
      'no arrays of a layer of a model in a model',
      sequential(layer('Sequential', { layers: [dense({ name: 'a' })] }), dense({ name: 'b' })),
      DENSE,
      /missing-tensor: layer "sequential\.a" \(Dense\): the file has no kernel of it/,
    ],
    ['no bias', sequential(dense()), DENSE.slice(0, 1), /missing-tensor: layer "dense".*no bias/],
    [
      'a size beyond all',
      sequential(layer('Average', { batch_input_shape: [null, null, 1e15] })),
      [],
      /features that are known/,
    ],
  ])('damaged: %s', async (_, model, weights, message) => {
    expect(await refusal(model, weights)).toMatch(message);
  });
});

describe('what is left out with a note', () => {
  it.each<[string, LayerJson, readonly Weight[], RegExp]>([
    [
      'an embedding',
      MASKED_EMBEDDING,
      EMBEDDING,
      /"embedding" \(Embedding\): mask_zero is left out: Keras passes over timesteps of token 0/,
    ],
    [
      'Masking',
      layer('Masking', { mask_value: -1 }),
      [],
      /"masking" \(Masking\): its mask is left out: Keras passes over timesteps whose values are all -1/,
    ],
  ])('the mask of %s, where masks are ignored', async (_, masked, weights, message) => {
    const model = sequential(masked, lstm());
    const { report } = await convert(files(model, [...weights, ...LSTM]), { ignoreMasks: true });
    expect(report.notes.join('\n')).toMatch(message);
  });

  it('many to one, and in reverse', async () => {
    const last = await convert(files(sequential(lstm()), LSTM));
    expect(last.report.notes.join('\n')).toMatch(/once a sequence; it is the value of the last timestep/);
    const first = await convert(files(sequential(lstm({ go_backwards: true })), LSTM));
    expect(first.report.notes.join('\n')).toMatch(
      /it is the value of the first \(it goes backward\) timestep/,
    );
    const back = lstm({ go_backwards: true, return_sequences: true });
    const reversed = await convert(files(sequential(back), LSTM));
    expect(reversed.report.notes.join('\n')).toMatch(/in the order of time; Keras has it in reverse/);
  });
});

describe('weights of TF.js', () => {
  const model = sequential(dense());

  it.each<[string, readonly Weight[], number | undefined, RegExp]>([
    [
      'that end early',
      DENSE,
      31,
      /invalid-file: weight "dense\/bias" ends at byte 32 of its shards, which have 31/,
    ],
    [
      'that go on',
      DENSE,
      33,
      /invalid-file: model\.json names 32 bytes of weights, but their shards have 33/,
    ],
    [
      'of a size that overflows',
      [{ name: 'dense/kernel', shape: [2 ** 40, 2 ** 40] }],
      32,
      /its shape is an array/,
    ],
    ['of 2 GB', [{ name: 'dense/kernel', shape: [2 ** 29] }], 32, /ends at byte 2147483648/],
    [
      'of integers',
      DENSE.map((weight) => ({ ...weight, dtype: 'int32' })),
      32,
      /unsupported-format: weight "dense\/kernel" is int32; supported are float32/,
    ],
    [
      'of strings',
      DENSE.map((weight) => ({ ...weight, dtype: 'string' })),
      32,
      /unsupported-format: weight "dense\/kernel" is stored as "string"/,
    ],
    [
      'quantized without a scale',
      DENSE.map((weight) => ({ ...weight, quantization: { dtype: 'uint8', scale: 'x', min: 0 } })),
      8,
      /invalid-file: weight "dense\/kernel": its quantization has no scale/,
    ],
    [
      'that nothing uses',
      [...DENSE, { name: 'other/kernel', shape: [1] }],
      36,
      /nothing uses the weight "other\/kernel"/,
    ],
  ])('%s', async (_, weights, bytes, message) => {
    expect(await refusal(model, weights, bytes)).toMatch(message);
  });

  it('a shard that is not given, however its path looks', async () => {
    const [json] = files(model, DENSE);
    const text = new TextDecoder().decode(json!.bytes).replace('w.bin', '/etc/passwd');
    const error = convert([{ name: 'model.json', bytes: new TextEncoder().encode(text) }]);
    await expect(error).rejects.toThrow(/names the shard "\/etc\/passwd"; give it among the files/);
  });

  it('a graph model', async () => {
    const json = { format: 'graph-model', modelTopology: {}, weightsManifest: [] };
    const said = await refusedFile(new TextEncoder().encode(JSON.stringify(json)));
    expect(said).toMatch(/^unsupported-format: model\.json is a "graph-model"/);
  });
});

describe('HDF5 that is refused', () => {
  it.each([
    [
      'chunked-lzf.h5',
      /^unsupported-format: .*kernel:0" is stored in chunks with the filter 32000;.*h5repack/,
    ],
    ['chunked-sum.h5', /^unsupported-format: .*the filter 3;/],
    ['chunked-latest.h5', /^unsupported-format: .*layout version 4.*h5repack/],
    ['chunked-damaged.h5', /^invalid-file: .*kernel:0": a chunk /],
    ['chunked-missing.h5', /^invalid-file: .*kernel:0": it has 2 chunks of 3/],
    ['soft-link.h5', /^unsupported-format: .*"kernel:0" is a link by name, which is not followed/],
    ['integers.h5', /^unsupported-format: .*has the type <i4/],
    ['loop.zip', /^invalid-file: .*"a0" is met a second time/],
    ['loop-latest.zip', /^invalid-file: .*is met a second time/],
    ['ways.zip', /^invalid-file: .*"a1" is met a second time/],
    ['ways-latest.zip', /^invalid-file: /],
    ['bomb.zip', /^invalid-file: .*has 20000000 bytes/],
  ])('%s', async (name, message) => {
    const start = performance.now();
    expect(await refusedFile(fixture(name))).toMatch(message);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('a file that ends anywhere', async () => {
    const bytes = fixture('keras2.h5');
    for (let length = 8; length < bytes.length; length += 97)
      expect(await refusedFile(bytes.subarray(0, length))).toMatch(/^invalid-file: /);
  });
});

describe('text of RNNoise that is refused', () => {
  const text = (...lines: readonly string[]) =>
    new TextEncoder().encode(['rnnoise-nu model file version 1', ...lines].join('\n'));

  it.each([
    ['a number beyond a byte', text('1 1 0', '128'), /input_dense: kernel, at character \d+: .*got 128/],
    ['an end', text('42 24 0', '1 2 3'), /input_dense: kernel, .*there is none/],
    ['a word', text('42 x 0'), /input_dense: units/],
    ['an activation', text('1 1 3'), /input_dense: activation, .*got 3/],
    ['a size', text('129 1 0'), /input_dense: inputs, .*got 129/],
  ])('%s', async (_, bytes, message) => {
    const said = await refusedFile(bytes);
    expect(said).toMatch(/^invalid-file: rnnoise: /);
    expect(said).toMatch(message);
  });
});
