import type { BenchCase } from '../cases.ts';
import type { Contender } from '../contender.ts';
import type { PrototypeModule } from './module.ts';
import { jointWeights, type PackedRow, packFloat32, packInt8, qmaxOf, rowOrder } from './pack.ts';
import { stepOf } from './step.ts';

/** Groups i f g o of units 0-3, then of units 4-7, of each eight. */
const GROUPS = [0, 4].flatMap((unit) => [0, 1, 2, 3].map((gate) => [gate, unit] as const));
const SIGMOIDS = [0, 1, 3];
const BLOCK_ROWS = 32;

/** lstm_f32: the product in blocks of 32 rows with a fence, then the activations' loops. */
export function lstmFloat32(module: PrototypeModule, { definition, size }: BenchCase): Contender {
  const { exports } = module;
  const joint = jointWeights(definition);
  const order = rowOrder(size, GROUPS, SIGMOIDS);
  const w = module.put(packFloat32(joint, order, BLOCK_ROWS));
  const bias = module.put(biases(order, joint.biasInput, joint.biasHidden));
  const [xh, c, g] = [module.zeros(8 * size), module.zeros(4 * size), module.zeros(16 * size)];
  const x = module.floats(xh, size);
  const h = module.floats(xh + 4 * size, size);
  const run = (times: number) => {
    for (let i = 0; i < times; i++) exports.lstm_f32(w, bias, xh, c, size, size, g);
  };
  return { definition, run, step: stepOf(x, h, run) };
}

/** lstm_p8_sx, the study's "C": x and h quantized apart, each with row scales of its own; h with a static scale. */
export function lstmInt8(module: PrototypeModule, { definition, size }: BenchCase): Contender {
  const { exports } = module;
  const joint = jointWeights(definition);
  const order = rowOrder(size, GROUPS, SIGMOIDS);
  const w = module.put(packInt8(joint, order, BLOCK_ROWS));
  const scales = module.put(blockScales(order, scaleOf('ih'), scaleOf('hh')));
  const bias = module.put(biases(order, joint.biasInput, joint.biasHidden));
  const qmax = Math.min(qmaxOf(joint, 0, size), qmaxOf(joint, size, 2 * size));
  const [xAt, q, c] = [module.zeros(4 * size), module.zeros(4 * size), module.zeros(4 * size)];
  const [hAt, g] = [module.zeros(4 * size), module.zeros(16 * size)];
  const x = module.floats(xAt, size);
  const h = module.floats(hAt, size);
  let sum = 0;
  const run = (times: number) => {
    exports.set_hs(sum);
    for (let i = 0; i < times; i++) {
      exports.lstm_p8_sx(w, scales, bias, xAt, q, c, hAt, size, size, qmax, g);
    }
    sum = exports.get_hs();
  };
  return { definition, run, step: stepOf(x, h, run) };

  function scaleOf(which: 'ih' | 'hh'): Float32Array {
    return definition.tensors.get(`rnn.weight_${which}_l0.scale`)!.data as Float32Array;
  }
}

/** By block: 32 scales for the sums over x, then 32 for those over h. */
function blockScales(order: readonly PackedRow[], input: Float32Array, hidden: Float32Array): Float32Array {
  const scales = new Float32Array(2 * order.length);
  order.forEach(({ row, factor }, i) => {
    const at = 2 * (i - (i % BLOCK_ROWS)) + (i % BLOCK_ROWS);
    scales[at] = input[row]! * factor;
    scales[at + BLOCK_ROWS] = hidden[row]! * factor;
  });
  return scales;
}

function biases(order: readonly PackedRow[], input: Float32Array, hidden: Float32Array): Float32Array {
  return Float32Array.from(order, ({ row, factor }) => (input[row]! + hidden[row]!) * factor);
}
