// expected.json: what ONNX Runtime makes of the models of this folder, over 9 timesteps of inputs that are a formula. States
// that a model takes begin as another, and those that it gives go into the next call of a model of one timestep.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const ort = createRequire(new URL('../../../../tools/oracles/', import.meta.url))('onnxruntime-node');
const folder = new URL('.', import.meta.url);
const TIMESTEPS = 9;
const INPUTS = 3;

const x = Float32Array.from(
  { length: TIMESTEPS * INPUTS },
  (_, i) => Math.sin(1.7 * i) + 0.5 * Math.cos(0.3 * i * i),
);
const beginning = (size, seed) =>
  Float32Array.from({ length: size }, (_, i) => 0.6 * Math.sin(2.3 * i + seed));

async function run(name) {
  // ONNX Runtime has no layout 1: the model of the same weights in layout 0.
  const session = await ort.InferenceSession.create(
    new URL(`${name.replace('layout1', 'layout')}.onnx`, folder).pathname,
  );
  const [first, ...states] = session.inputNames;
  const { shape } = session.inputMetadata[0];
  const isStep = shape.every((size) => typeof size === 'number') && shape[0] === 1 && shape[1] === 1;
  let feeds = Object.fromEntries(
    states.map((state, i) => {
      const dims = session.inputMetadata[i + 1].shape;
      return [
        state,
        new ort.Tensor(
          'float32',
          beginning(
            dims.reduce((a, b) => a * b),
            i,
          ),
          dims,
        ),
      ];
    }),
  );
  const calls = isStep ? TIMESTEPS : 1;
  const length = x.length / calls;
  const y = [];
  let outputs;
  for (let call = 0; call < calls; call++) {
    const timesteps = length / INPUTS;
    const dims = name.includes('batch-first') ? [1, timesteps, INPUTS] : [timesteps, 1, INPUTS];
    const input = new ort.Tensor('float32', x.slice(call * length, (call + 1) * length), dims);
    outputs = await session.run({ [first]: input, ...feeds });
    y.push(...outputs[session.outputNames[0]].data);
    feeds = Object.fromEntries(states.map((state) => [state, outputs[state.replace('0', 'n')]]));
  }
  const others = session.outputNames.slice(1).map((output) => [output, Array.from(outputs[output].data)]);
  return { y, ...Object.fromEntries(others) };
}

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => file.slice(0, -5))
  .sort();
const expected = {};
for (const name of names) expected[name] = await run(name);
const round = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(8)) : value);
writeFileSync(new URL('expected.json', folder), `${JSON.stringify({ x: Array.from(x), expected }, round)}\n`);
console.log(`${names.length} models, ${readFileSync(new URL('expected.json', folder)).length} bytes`);
