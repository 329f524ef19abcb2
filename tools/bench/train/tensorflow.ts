import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ROOT } from '../root.ts';
import { ADAM, type TrainCase } from './cases.ts';
import { type Absent, type Entrant, Refusal, type TrainContender } from './contender.ts';

export const TENSORFLOW = 'tfjs wasm';

/** What is used here of @tensorflow/tfjs, which is installed apart from the packages that tsc sees. */
interface Tf {
  readonly version: { readonly tfjs: string };
  setBackend(name: string): Promise<boolean>;
  env(): { getAsync(flag: string): Promise<unknown> };
  sequential(): Model;
  readonly layers: Readonly<Record<'lstm' | 'gru' | 'dense', (options: object) => Layer>>;
  readonly train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): Disposable };
  readonly losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
}

interface Disposable {
  dispose(): void;
}

type Tensor = Disposable;

interface Layer {
  setWeights(weights: readonly Tensor[]): void;
}

interface Model extends Disposable {
  add(layer: Layer): void;
  compile(options: object): void;
  trainOnBatch(inputs: Tensor, targets: Tensor): Promise<number>;
}

const FOLDER = new URL('tools/bench/tfjs/', ROOT);

export async function tensorflow(): Promise<Entrant | Absent> {
  if (!existsSync(new URL('node_modules/@tensorflow/tfjs/package.json', FOLDER))) {
    return { name: TENSORFLOW, missing: 'not installed: run `npm ci` in tools/bench/tfjs' };
  }
  const require = createRequire(new URL('package.json', FOLDER));
  const tf = require('@tensorflow/tfjs') as Tf;
  require('@tensorflow/tfjs-backend-wasm').setThreadsCount(1);
  if (!(await tf.setBackend('wasm'))) return { name: TENSORFLOW, missing: 'its wasm backend does not start' };
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  return {
    name: TENSORFLOW,
    about: [
      `@tensorflow/tfjs and tfjs-backend-wasm ${tf.version.tfjs}, ${simd ? 'SIMD' : 'no SIMD'}, 1 thread`,
      'its Adam has no clipping, which saves it a little work',
    ],
    enter: async (trainCase) => tensorflowTrainer(tf, trainCase),
    leave() {},
  };
}

/** `trainOnBatch` of a layers model that has the weights of the case. */
function tensorflowTrainer(tf: Tf, trainCase: TrainCase): TrainContender | Refusal {
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  let model: Model;
  try {
    model = layersModel(tf, trainCase);
  } catch (error) {
    return new Refusal(String(error));
  }
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
  model.compile({ optimizer, loss: tf.losses.softmaxCrossEntropy });
  const { inputs, targets } = tensors(tf, trainCase);
  const update = () => model.trainOnBatch(inputs, targets);
  return {
    update,
    time: async (times, untimed) => {
      for (let i = 0; i < untimed; i++) await update();
      const start = performance.now();
      for (let i = 0; i < times; i++) await update();
      return performance.now() - start;
    },
    dispose() {
      for (const each of [model, optimizer, inputs, targets]) each.dispose();
    },
  };
}

function layersModel(
  tf: Tf,
  { cell, batch, timesteps, input, hidden, output, definition }: TrainCase,
): Model {
  // The weights are set below; its orthogonal initializer would complain of the time it takes.
  const options = {
    units: hidden,
    returnSequences: true,
    recurrentActivation: 'sigmoid',
    recurrentInitializer: 'zeros',
  };
  const batchInputShape = [batch, timesteps, input];
  const recurrent = tf.layers[cell]({
    ...options,
    batchInputShape,
    ...(cell === 'gru' && { resetAfter: true }),
  });
  const head = tf.layers.dense({ units: output });
  const model = tf.sequential();
  model.add(recurrent);
  model.add(head);
  const data = (name: string) => definition.tensors.get(name)!.data as Float32Array;
  const transposed = (name: string, columns: number) => {
    const matrix = data(name);
    const rows = matrix.length / columns;
    return tf.tensor(transpose(matrix, rows, columns), [columns, rows]);
  };
  const vector = (name: string) => tf.tensor(data(name), [data(name).length]);
  recurrent.setWeights([
    transposed('rnn.weight_ih_l0', input),
    transposed('rnn.weight_hh_l0', hidden),
    vector('rnn.bias_ih_l0'),
  ]);
  head.setWeights([transposed('head.weight', hidden), vector('head.bias')]);
  return model;
}

/** The window with the batch first, classes one-hot. */
function tensors(
  tf: Tf,
  { batch, timesteps, input, output, ...data }: TrainCase,
): Record<'inputs' | 'targets', Tensor> {
  const inputs = new Float32Array(data.inputs.length);
  const targets = new Float32Array(batch * timesteps * output);
  for (let t = 0; t < timesteps; t++) {
    for (let row = 0; row < batch; row++) {
      const [from, to] = [t * batch + row, row * timesteps + t];
      inputs.set(data.inputs.subarray(from * input, (from + 1) * input), to * input);
      targets[to * output + data.targets[from]!] = 1;
    }
  }
  return {
    inputs: tf.tensor(inputs, [batch, timesteps, input]),
    targets: tf.tensor(targets, [batch, timesteps, output]),
  };
}

/** [rows, columns] to [columns, rows] */
function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column]!;
    }
  }
  return result;
}
