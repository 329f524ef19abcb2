import type { ModelDefinition, Tensor } from '../../../src/graph/definition.ts';
import { quantizeMatrix } from '../../../src/quantize/quantize.ts';
import type { BenchCase } from '../cases.ts';
import type { Contender } from '../contender.ts';
import type { PrototypeModule } from './module.ts';
import { type JointWeights, jointWeights, packFloat32, packInt8, qmaxOf, rowOrder } from './pack.ts';
import { stepOf } from './step.ts';

/** Groups r z of units 0-3, r z of units 4-7, n of both, of each eight. */
const GROUPS = [
  [0, 0],
  [1, 0],
  [0, 4],
  [1, 4],
  [2, 0],
  [2, 4],
] as const;
const SIGMOIDS = [0, 1];
const BLOCK_ROWS = 24;

/** gru_f32: r and z over [x; h], n over x and over h apart, in one loop, then the activations' loops. */
export function gruFloat32(module: PrototypeModule, { definition, size }: BenchCase): Contender {
  const { exports } = module;
  const joint = jointWeights(definition);
  const w = module.put(packFloat32(joint, rowOrder(size, GROUPS, SIGMOIDS), BLOCK_ROWS));
  const bias = module.put(biases(joint));
  const [xh, g] = [module.zeros(8 * size), module.zeros(16 * size)];
  const x = module.floats(xh, size);
  const run = (times: number) => {
    for (let i = 0; i < times; i++) exports.gru_f32(w, bias, xh, size, size, g);
  };
  return { definition, run, step: stepOf(x, module.floats(xh + 4 * size, size), run) };
}

/** gru_p8, the only int8 GRU of the study: x and h share one activation scale, and a row of W and of U one scale. */
export function gruInt8(module: PrototypeModule, { origin, size }: BenchCase): Contender {
  const { exports } = module;
  const { joint, scales, definition } = quantizeTogether(origin);
  const order = rowOrder(size, GROUPS, SIGMOIDS);
  const w = module.put(packInt8(joint, order, BLOCK_ROWS));
  const scaleAt = module.put(Float32Array.from(order, ({ row, factor }) => scales[row]! * factor));
  const bias = module.put(biases(joint));
  const qmax = qmaxOf(joint, 0, joint.columns);
  const [xh, q, g] = [module.zeros(8 * size), module.zeros(4 * size), module.zeros(16 * size)];
  const x = module.floats(xh, size);
  const run = (times: number) => {
    for (let i = 0; i < times; i++) exports.gru_p8(w, scaleAt, bias, xh, q, size, size, qmax, g);
  };
  return { definition, run, step: stepOf(x, module.floats(xh + 4 * size, size), run) };
}

/** By eight units: r z of the first four, r z of the others, n of the input's part, n of the hidden one's. */
function biases({ hidden, biasInput, biasHidden }: JointWeights): Float32Array {
  const result: number[] = [];
  for (let unit = 0; unit < hidden; unit += 8) {
    for (const { row, factor } of rowOrder(8, GROUPS, SIGMOIDS)) {
      const gate = Math.floor(row / 8);
      const from = gate * hidden + unit + (row % 8);
      result.push(gate === 2 ? biasInput[from]! : (biasInput[from]! + biasHidden[from]!) * factor);
    }
    for (let i = 0; i < 8; i++) result.push(biasHidden[2 * hidden + unit + i]!);
  }
  return Float32Array.from(result);
}

/** int8 with one scale for a row of [W U], and the definition whose float32 weights are those values. */
function quantizeTogether(origin: ModelDefinition): {
  joint: JointWeights;
  scales: Float32Array;
  definition: ModelDefinition;
} {
  const float32 = jointWeights(origin);
  const { columns, weights } = float32;
  const rows = weights.length / columns;
  const { matrix, scale } = quantizeMatrix('[W U]', { dtype: 'F32', shape: [rows, columns], data: weights });
  const joint = { ...float32, weights: Float32Array.from(matrix.data) };
  const value = (row: number, column: number) => joint.weights[row * columns + column]! * scale.data[row]!;
  const tensors = new Map<string, Tensor>(origin.tensors);
  let from = 0;
  for (const name of ['rnn.weight_ih_l0', 'rnn.weight_hh_l0']) {
    const { shape } = tensors.get(name)!;
    const width = shape[1]!;
    const data = Float32Array.from({ length: rows * width }, (_, i) =>
      value(Math.floor(i / width), from + (i % width)),
    );
    tensors.set(name, { dtype: 'F32', shape, data });
    from += width;
  }
  return { joint, scales: scale.data, definition: { ...origin, tensors } };
}
