// What decays in silence must not become denormal: the module sets states below 1e-20 to zero.

import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { loadModel, type Runtime, type Session } from '../../src/index.ts';
import { GATES, recurrentNode, recurrentTensorNames } from '../../test/reference/models.ts';
import { Random } from '../../test/reference/random.ts';
import { noise } from './cases.ts';
import { statistics } from './timing.ts';

export const DENORMAL_CELLS = ['lstm', 'gru-after', 'rnn-relu'] as const;
export type DenormalCell = (typeof DENORMAL_CELLS)[number];

export interface DenormalOptions {
  readonly hidden?: number;
  readonly noiseSteps?: number;
  /** At least 6,000: the states decay by a fiftieth a step, and reach 1e-38 after some 4,500. */
  readonly silentSteps?: number;
}

export interface DenormalResult {
  readonly cell: DenormalCell;
  /** Medians in microseconds: of the first steps of noise, and of as many at the end of the silence. */
  readonly noise: number;
  readonly silence: number;
  readonly ratio: number;
  /** Values of the states that are denormal after the silence. */
  readonly denormals: number;
}

/** How many times a step of noise one of silence may take. */
export const DENORMAL_BAR = 1.1;

/** Both, since a processor to which denormals cost nothing shows them in the state only. */
export function passesDenormals({ ratio, denormals }: DenormalResult): boolean {
  return ratio <= DENORMAL_BAR && denormals === 0;
}

/**
 * A stream of noise, then of zeros, through a layer whose state decays slowly. Its last steps are timed beside those
 * of a second stream, which begins with the same noise.
 */
export async function measureDenormals(
  runtime: Runtime,
  cell: DenormalCell,
  { hidden = 128, noiseSteps = 1000, silentSteps = 60_000 }: DenormalOptions = {},
): Promise<DenormalResult> {
  using model = await loadModel(decayingModel(cell, hidden, 1), { runtime });
  const inputs = noise(hidden, noiseSteps, 2);
  const silent = [new Float32Array(hidden)];
  const [session, twin] = [model.createSession(), model.createSession()];
  run(session, inputs, noiseSteps);
  run(session, silent, silentSteps - noiseSteps);
  const times = timeSideBySide(twin, inputs, session, silent, noiseSteps);
  const [noisy, silence] = times.map((each) => statistics(each).median) as [number, number];
  const denormals = model.states.reduce((sum, { name }) => sum + countDenormals(session.getState(name)), 0);
  return { cell, noise: noisy, silence, ratio: silence / noisy, denormals };
}

function run(session: Session, inputs: readonly Float32Array[], steps: number): void {
  const out = new Float32Array(session.model.outputs[0]!.size);
  for (let i = 0; i < steps; i++) session.step(inputs[i % inputs.length]!, out);
}

/**
 * Microseconds of each step of two streams that take turns: a machine that grows slower between the noise and the end
 * of the silence would decide a comparison of one stream with its own past.
 */
function timeSideBySide(
  a: Session,
  inputsA: readonly Float32Array[],
  b: Session,
  inputsB: readonly Float32Array[],
  steps: number,
): [number[], number[]] {
  const out = new Float32Array(a.model.outputs[0]!.size);
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    a.step(inputsA[i % inputsA.length]!, out);
    const between = performance.now();
    b.step(inputsB[i % inputsB.length]!, out);
    times[0].push(1000 * (between - start));
    times[1].push(1000 * (performance.now() - between));
  }
  return times;
}

const SMALLEST_NORMAL = 2 ** -126;

function countDenormals(values: Float32Array): number {
  return values.reduce((count, v) => count + Number(v !== 0 && Math.abs(v) < SMALLEST_NORMAL), 0);
}

/**
 * A layer without biases. In silence its gates are near 1/2 and its state small, so that
 *
 *   LSTM: h = c / 2, c ← c / 2 + g / 2 with g = 1.9 h       c ← 0.975 c
 *   GRU:  h ← h / 2 + n / 2 with n = 1.9 h / 2              h ← 0.975 h
 *   ReLU: h ← 0.98 h
 *
 * but for a little noise in the weights.
 */
function decayingModel(cell: DenormalCell, hidden: number, seed: number): ModelDefinition {
  const random = new Random(seed);
  const names = recurrentTensorNames(0, false);
  const rows = GATES[cell] * hidden;
  const input = random.uniforms(rows * hidden, -1 / Math.sqrt(hidden), 1 / Math.sqrt(hidden));
  const recurrent = random.gaussians(rows * hidden, 0, 1e-4);
  const factor = cell === 'rnn-relu' ? 0.98 : 1.9;
  const candidate = cell === 'rnn-relu' ? 0 : 2; // PyTorch's g of i f g o, n of r z n
  for (let i = 0; i < hidden; i++) recurrent[(candidate * hidden + i) * hidden + i]! += factor;
  const tensors = new Map<string, Tensor>([
    [names.weight_ih, { dtype: 'F32', shape: [rows, hidden], data: input }],
    [names.weight_hh, { dtype: 'F32', shape: [rows, hidden], data: recurrent }],
  ]);
  const node = recurrentNode(cell, 0, 'input', names);
  return {
    graph: {
      inputs: [{ name: 'input', kind: 'features', size: hidden }],
      outputs: [{ name: 'output', from: node.name }],
      nodes: [node],
    },
    tensors,
  };
}
