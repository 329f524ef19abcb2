// Models of every layer that TF.js has and Rivulet reads, with random weights, and what TF.js gives for them:
// fixtures/tfjs.json.gz. Run with node, after `npm ci` in tools/bench/tfjs.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

const require = createRequire(new URL('../../../tools/bench/tfjs/package.json', import.meta.url));
const tf = require('@tensorflow/tfjs');
const { layers } = tf;

let state = 1;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state / 2 ** 31 - 1) * 0.8;
};
const uniforms = (count) => Float32Array.from({ length: count }, uniform);
const text = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

const TIMESTEPS = 9;
const FEATURES = 3;

/** @param of `each` timestep, `reversed`, or a value a sequence: of the `last` or the `first` timestep */
const cases = [];
const add = (name, stack, { of = 'each', inputShape = [TIMESTEPS, FEATURES], vocabulary, quantize } = {}) =>
  cases.push({ name, stack, of, inputShape, vocabulary, quantize });

const sequences = { returnSequences: true };
for (const activation of [
  'linear',
  'tanh',
  'relu',
  'sigmoid',
  'hardSigmoid',
  'softmax',
  'softsign',
  'elu',
  'relu6',
  'logSoftmax',
])
  add(`dense ${activation}`, [() => layers.dense({ units: 4, activation })]);
add('dense without bias', [() => layers.dense({ units: 4, useBias: false })]);

for (const [name, make] of [
  ['simpleRNN', layers.simpleRNN],
  ['lstm', layers.lstm],
  ['gru', layers.gru],
]) {
  add(name, [() => make({ units: 4, ...sequences })]);
  add(`${name} of many to one`, [() => make({ units: 4 }), () => layers.dense({ units: 2 })], { of: 'last' });
  add(`${name} going backwards`, [() => make({ units: 4, goBackwards: true, ...sequences })], {
    of: 'reversed',
  });
  add(`${name} going backwards, of many to one`, [() => make({ units: 4, goBackwards: true })], {
    of: 'first',
  });
  add(`${name} backwards and on`, [
    () => make({ units: 4, goBackwards: true, ...sequences }),
    () => layers.dense({ units: 3 }),
    () => make({ units: 4, ...sequences }),
    () => make({ units: 3, goBackwards: true, ...sequences }),
  ]);
  add(`${name} without bias`, [() => make({ units: 4, useBias: false, ...sequences })]);
  add(`${name} relu`, [() => make({ units: 4, activation: 'relu', ...sequences })]);
  if (name !== 'simpleRNN')
    for (const recurrentActivation of ['sigmoid', 'hardSigmoid', 'tanh', 'relu', 'softsign', 'elu', 'linear'])
      add(`${name} with gates ${recurrentActivation}`, [
        () => make({ units: 4, recurrentActivation, activation: 'softsign', ...sequences }),
      ]);
  for (const mergeMode of ['concat', 'sum', 'mul', 'ave'])
    add(`bidirectional ${name} ${mergeMode}`, [
      () => layers.bidirectional({ layer: make({ units: 4, ...sequences }), mergeMode }),
    ]);
  for (const mergeMode of ['concat', 'sum', 'mul', 'ave'])
    add(
      `bidirectional ${name} ${mergeMode} of many to one`,
      [
        () => layers.bidirectional({ layer: make({ units: 4 }), mergeMode }),
        () => layers.dense({ units: 2 }),
      ],
      { of: 'last' },
    );
  add(`${name} with dropout`, [() => make({ units: 4, dropout: 0.1, ...sequences })]);
}
add('rnn of an lstm cell', [() => layers.rnn({ cell: layers.lstmCell({ units: 4 }), ...sequences })]);
add('rnn of a gru cell', [() => layers.rnn({ cell: layers.gruCell({ units: 4 }), ...sequences })]);
add('two bidirectional layers and a head', [
  () => layers.bidirectional({ layer: layers.lstm({ units: 3, ...sequences }), mergeMode: 'concat' }),
  () => layers.bidirectional({ layer: layers.gru({ units: 4, ...sequences }), mergeMode: 'sum' }),
  () => layers.timeDistributed({ layer: layers.dense({ units: 2, activation: 'softmax' }) }),
]);
add(
  'embedding',
  [() => layers.embedding({ inputDim: 7, outputDim: 3 }), () => layers.gru({ units: 4, ...sequences })],
  { inputShape: [TIMESTEPS], vocabulary: 7 },
);
add('layer normalization', [() => layers.layerNormalization({ axis: -1 })]);
add('layer normalization without scale and centre', [
  () => layers.layerNormalization({ scale: false, center: false, epsilon: 0.01 }),
]);
add('batch normalization', [() => layers.batchNormalization({})]);
add('batch normalization without scale and centre', [
  () => layers.batchNormalization({ scale: false, center: false, epsilon: 0.01 }),
]);
add('activations', [
  () => layers.dense({ units: 5 }),
  () => layers.activation({ activation: 'tanh' }),
  () => layers.leakyReLU({ alpha: 0.1 }),
  () => layers.elu({}),
  () => layers.reLU({ maxValue: 0.4 }),
  () => layers.softmax({ axis: -1 }),
]);
add('a slope of each feature', [
  () => layers.prelu({ sharedAxes: [1] }),
  () => layers.timeDistributed({ layer: layers.prelu({}) }),
]);
add('what acts in training only', [
  () => layers.dropout({ rate: 0.5 }),
  () => layers.spatialDropout1d({ rate: 0.2 }),
  () => layers.gaussianNoise({ stddev: 1 }),
  () => layers.gaussianDropout({ rate: 0.4 }),
  () => layers.alphaDropout({ rate: 0.4 }),
  () => layers.dense({ units: 2 }),
]);
add('convolution over one timestep', [
  () => layers.conv1d({ filters: 4, kernelSize: 1, activation: 'relu' }),
]);
for (const [name, options] of Object.entries({
  valid: {},
  'valid, strided': { strides: 2 },
  same: { padding: 'same' },
  'same, dilated': { padding: 'same', dilationRate: 2 },
}))
  add(
    `convolution within a timestep, ${name}`,
    [
      () => layers.timeDistributed({ layer: layers.conv1d({ filters: 4, kernelSize: 3, ...options }) }),
      () => layers.timeDistributed({ layer: layers.batchNormalization({}) }),
      () => layers.timeDistributed({ layer: layers.flatten() }),
      () => layers.lstm({ units: 3, ...sequences }),
    ],
    { inputShape: [TIMESTEPS, 8, 2] },
  );
for (const [name, make] of [
  ['max', layers.maxPooling1d],
  ['average', layers.averagePooling1d],
])
  add(
    `${name} pooling within a timestep`,
    [
      () => layers.timeDistributed({ layer: make({ poolSize: 2, strides: 2 }) }),
      () => layers.reshape({ targetShape: [TIMESTEPS, 8] }),
    ],
    { inputShape: [TIMESTEPS, 8, 2] },
  );
add('global max pooling', [() => layers.globalMaxPooling1d()], { of: 'last' });
add('global average pooling', [() => layers.globalAveragePooling1d(), () => layers.dense({ units: 2 })], {
  of: 'last',
});
for (const dtype of ['uint8', 'uint16', 'float16'])
  add(
    `weights as ${dtype}`,
    [() => layers.lstm({ units: 4, ...sequences }), () => layers.dense({ units: 2 })],
    {
      quantize: dtype,
    },
  );

/** Two branches and what joins them, as a Functional model. */
function functional(name, join) {
  const input = tf.input({ shape: [TIMESTEPS, FEATURES], name: 'x' });
  const a = layers.lstm({ units: 4, ...sequences }).apply(input);
  const b = layers.dense({ units: 4, activation: 'tanh' }).apply(input);
  const joined = join.apply([a, b]);
  const head = layers.dense({ units: 2, activation: 'sigmoid', name: 'head' }).apply(joined);
  cases.push({
    name,
    model: tf.model({ inputs: input, outputs: [head, joined] }),
    of: 'each',
    inputShape: [TIMESTEPS, FEATURES],
  });
}

functional('add', layers.add());
functional('multiply', layers.multiply());
functional('average', layers.average());
functional('concatenate', layers.concatenate());

add('models within a model', [
  () =>
    tf.sequential({
      name: 'encoder',
      layers: [
        layers.gru({ units: 4, ...sequences, inputShape: [TIMESTEPS, FEATURES] }),
        tf.sequential({
          name: 'inner',
          layers: [layers.dense({ units: 3, activation: 'tanh', inputShape: [TIMESTEPS, 4] })],
        }),
      ],
    }),
  () => layers.dense({ units: 2 }),
]);
{
  const input = tf.input({ shape: [TIMESTEPS, FEATURES], name: 'x' });
  const encoder = tf.sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [TIMESTEPS, FEATURES] }),
      layers.lstm({ units: 3, ...sequences }),
    ],
  });
  const output = layers.add().apply([encoder.apply(input), input]);
  const model = tf.model({ inputs: input, outputs: layers.dense({ units: 2, name: 'last' }).apply(output) });
  cases.push({
    name: 'a model within a functional one',
    model,
    of: 'each',
    inputShape: [TIMESTEPS, FEATURES],
  });
}

/** float32 as the converter of TF.js quantizes it. */
function quantized(data, dtype) {
  if (dtype === 'float16') return { bytes: halves(data), quantization: { dtype, original_dtype: 'float32' } };
  const [low, high] = [Math.min(...data), Math.max(...data)];
  const scale = (high - low) / (dtype === 'uint8' ? 255 : 65535) || 1;
  const Type = dtype === 'uint8' ? Uint8Array : Uint16Array;
  const values = Type.from(data, (x) => Math.round((x - low) / scale));
  return {
    bytes: new Uint8Array(values.buffer),
    quantization: { dtype, min: low, scale, original_dtype: 'float32' },
  };
}

/** Normal halves, truncated. */
function halves(data) {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const values = Uint16Array.from(bits, (b) => {
    const exponent = ((b >>> 23) & 255) - 112;
    return exponent <= 0 ? (b >>> 31) << 15 : ((b >>> 31) << 15) | (exponent << 10) | ((b >>> 13) & 1023);
  });
  return new Uint8Array(values.buffer);
}

async function run({ name, stack, model: given, of, inputShape, vocabulary, quantize }) {
  const model = given ?? tf.sequential();
  stack?.forEach((make, i) => {
    const layer = make();
    if (i === 0) {
      layer.batchInputShape = [null, ...inputShape];
      if (vocabulary) layer.inputDType = 'int32';
    }
    model.add(layer);
  });
  const variance = (w) => /variance/.test(w.originalName ?? w.name);
  for (const layer of model.layers)
    layer.setWeights(
      layer.weights.map((w) => {
        const data = uniforms(w.shape.reduce((a, b) => a * b, 1));
        return tf.tensor(variance(w) ? data.map((x) => 1 + x * x) : data, w.shape);
      }),
    );
  let artifacts;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  let { weightSpecs, weightData } = artifacts;
  let oracle = model;
  if (quantize) {
    const source = new Uint8Array(weightData);
    let at = 0;
    const parts = weightSpecs.map((spec) => {
      const size = 4 * spec.shape.reduce((a, b) => a * b, 1);
      const part = quantized(new Float32Array(source.slice(at, at + size).buffer), quantize);
      at += size;
      return { spec: { ...spec, quantization: part.quantization }, bytes: part.bytes };
    });
    weightSpecs = parts.map(({ spec }) => spec);
    weightData = Uint8Array.from(parts.flatMap(({ bytes }) => [...bytes])).buffer;
    oracle = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology: artifacts.modelTopology, weightSpecs, weightData }),
    );
  }
  const count = inputShape.reduce((a, b) => a * b, 1);
  const input = vocabulary
    ? Float32Array.from({ length: count }, () => Math.floor((uniform() / 1.6 + 0.5) * vocabulary))
    : uniforms(count).map((x) => 2 * x);
  const result = oracle.predict(tf.tensor(input, [1, ...inputShape]));
  const outputs = (Array.isArray(result) ? result : [result]).map((tensor) => ({
    shape: tensor.shape.slice(1),
    values: text(tensor.dataSync()),
  }));
  const topology =
    typeof artifacts.modelTopology === 'string'
      ? JSON.parse(artifacts.modelTopology)
      : artifacts.modelTopology;
  return {
    name,
    of,
    timesteps: TIMESTEPS,
    tokens: vocabulary !== undefined,
    topology,
    weights: weightSpecs,
    data: text(new Uint8Array(weightData)),
    input: text(input),
    outputs,
  };
}

const done = [];
for (const one of cases) done.push(await run(one));
writeFileSync(
  new URL('./fixtures/tfjs.json.gz', import.meta.url),
  gzipSync(JSON.stringify(done), { level: 9 }),
);
