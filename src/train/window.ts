import { Status } from '../../assembly/shared/codes.ts';
import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import type { TrainExports } from '../runtime/exports.ts';
import { requireLabels } from './labels.ts';
import { lossDefinition, type ResolvedLoss } from './losses/table.ts';

export interface WindowInput {
  /** Tokens [timesteps, batch], or features [timesteps, batch, features]. */
  readonly inputs: Uint32Array | Float32Array;
  /**
   * Classes [timesteps, batch], or values [timesteps, batch, size]; of CTC the labels of all streams, those of the first
   * stream first.
   */
  readonly targets: Uint32Array | Float32Array;
  /** Of CTC: the number of labels of each stream. */
  readonly targetLengths?: ArrayLike<number>;
  /** [timesteps, batch]: the weight of each row in the loss, 0 = ignored; 1 by default. Of CTC [batch], of each stream. */
  readonly weights?: Float32Array;
  /** The timesteps of each stream, 0 … timesteps; all by default. What lies behind them is not read. */
  readonly lengths?: ArrayLike<number>;
  /** What the encoder reads, of a model that has one: inputs as above, and 1 … timesteps of each stream. */
  readonly source?: {
    readonly inputs: Uint32Array | Float32Array;
    readonly timesteps: number;
    readonly lengths?: ArrayLike<number>;
  };
}

/** What a window has to fit. */
export interface WindowShape {
  readonly input: GraphInput;
  /** The input of the encoder. */
  readonly source: GraphInput | undefined;
  readonly outputSize: number;
  readonly loss: ResolvedLoss;
  readonly batchSize: number;
  /** The most timesteps. */
  readonly unroll: number;
  /** The most timesteps of a source. */
  readonly encoderUnroll: number;
}

/**
 * Checks all of a window but the values of inputs and targets, which the module looks at.
 *
 * @throws RivuletError `invalid-argument`, `wrong-length`, and `invalid-target` for labels
 */
export function requireWindow(shape: WindowShape, window: WindowInput, timesteps: number): void {
  const { input, outputSize, loss, batchSize, unroll } = shape;
  requireTimesteps('timesteps', timesteps, unroll, 'the unroll of the training');
  const rows = timesteps * batchSize;
  const isTokens = input.kind === 'tokens';
  requireValues('inputs', window.inputs, isTokens, rows * (isTokens ? 1 : input.size));
  if (window.lengths) requireLengths('lengths', window.lengths, batchSize, 0, timesteps);
  const { targets } = lossDefinition(loss.type);
  if (targets === 'labels') requireWindowLabels(shape, window, timesteps);
  else
    requireValues(
      'targets',
      window.targets,
      targets === 'classes',
      rows * (targets === 'classes' ? 1 : outputSize),
    );
  if (window.weights) requireWeights(window.weights, targets === 'labels' ? batchSize : rows);
  requireSource(shape, window.source);
}

function requireWindowLabels(
  { loss, outputSize, batchSize }: WindowShape,
  { targets, targetLengths, lengths }: WindowInput,
  timesteps: number,
): void {
  if (!targetLengths) {
    throw new RivuletError(
      'invalid-argument',
      `targetLengths is missing: loss ${show(loss.type)} needs them`,
    );
  }
  requireLengths('targetLengths', targetLengths, batchSize, 0, timesteps);
  const all = Array.from(targetLengths).reduce((sum, length) => sum + length, 0);
  requireValues('targets', targets, true, all);
  let from = 0;
  for (let stream = 0; stream < batchSize; stream++) {
    const labels = (targets as Uint32Array).subarray(from, from + targetLengths[stream]!);
    requireLabels(labels, lengths?.[stream] ?? timesteps, loss, outputSize, `targets of stream ${stream}`);
    from += labels.length;
  }
}

function requireSource(
  { source, batchSize, encoderUnroll }: WindowShape,
  given: WindowInput['source'],
): void {
  if (!source && !given) return;
  if (!source || !given) {
    throw new RivuletError(
      'invalid-argument',
      source
        ? `source is missing: the encoder reads "${source.name}" first`
        : 'source: the model has no encoder that would read it',
    );
  }
  const { inputs, timesteps, lengths } = given;
  requireTimesteps('source.timesteps', timesteps, encoderUnroll, 'the encoderUnroll of the training');
  const isTokens = source.kind === 'tokens';
  requireValues('source.inputs', inputs, isTokens, timesteps * batchSize * (isTokens ? 1 : source.size));
  if (lengths) requireLengths('source.lengths', lengths, batchSize, 1, timesteps);
}

function requireTimesteps(name: string, timesteps: unknown, most: number, what: string): void {
  if (Number.isInteger(timesteps) && (timesteps as number) >= 1 && (timesteps as number) <= most) return;
  throw new RivuletError(
    'invalid-argument',
    `${name} must be an integer from 1 to ${most}, ${what}, got ${show(timesteps)}`,
  );
}

function requireLengths(
  name: string,
  lengths: ArrayLike<number>,
  count: number,
  least: number,
  most: number,
): void {
  if (lengths.length !== count) {
    throw new RivuletError(
      'wrong-length',
      `${name}: expected one for each of ${count} streams, got ${lengths.length}`,
    );
  }
  for (let row = 0; row < count; row++) {
    const length = lengths[row]!;
    if (Number.isInteger(length) && length >= least && length <= most) continue;
    throw new RivuletError(
      'invalid-argument',
      `${name}: each must be an integer from ${least} to ${most}, got ${length} for stream ${row}`,
    );
  }
}

function requireValues(name: string, values: unknown, isWords: boolean, length: number): void {
  const expected = isWords ? 'Uint32Array' : 'Float32Array';
  const tag = ArrayBuffer.isView(values) ? (values as Float32Array)[Symbol.toStringTag] : undefined;
  if ((tag as string | undefined) !== expected) {
    throw new RivuletError('invalid-argument', `${name}: expected a ${expected}, got ${show(values)}`);
  }
  const got = (values as Float32Array).length;
  if (got >= length) return;
  throw new RivuletError('wrong-length', `${name}: expected ${length} values, got ${got}`);
}

function requireWeights(weights: Float32Array, rows: number): void {
  requireValues('weights', weights, false, rows);
  for (let row = 0; row < rows; row++) {
    const weight = weights[row]!;
    if (weight >= 0 && weight < Infinity) continue;
    throw new RivuletError(
      'invalid-argument',
      `weights: each must be finite and not negative, got ${weight} in row ${row}`,
    );
  }
}

/** What the module refused, of `streams` streams from timestep `from` on. */
export function windowRefusal(
  exports: TrainExports,
  shape: WindowShape,
  status: number,
  window: WindowInput,
  from = 0,
  streams = shape.batchSize,
): RivuletError {
  const { targets } = window;
  if (status === Status.BadTarget) {
    const row = from * streams + (exports.refusedTargetRow.value as number);
    const column = exports.refusedTargetColumn.value as number;
    return badTarget(shape, targets, row, column, streams);
  }
  const row = exports.refusedRow.value as number;
  const place = placeOf(from + Math.floor(row / streams), row % streams);
  const isSource = exports.refusedInput.value === 1;
  const { name, size } = isSource ? shape.source! : shape.input;
  const { inputs } = isSource ? window.source! : window;
  if (status === Status.TokenOutOfRange) {
    return new RivuletError(
      'token-out-of-range',
      `input ${show(name)}: tokens are integers from 0 to ${size - 1}, got ${inputs[from * streams + row]} ${place}`,
    );
  }
  const column = exports.refusedColumn.value as number;
  return new RivuletError(
    'non-finite-input',
    `input ${show(name)}: every value must be finite, got ${inputs[(from * streams + row) * size + column]} ` +
      `at index ${column} ${place}`,
  );
}

function badTarget(
  { loss, outputSize }: WindowShape,
  targets: WindowInput['targets'],
  row: number,
  column: number,
  streams: number,
): RivuletError {
  const { targets: kind, expects } = lossDefinition(loss.type);
  const place = placeOf(Math.floor(row / streams), row % streams);
  const got =
    kind === 'classes'
      ? `${targets[row]} ${place}`
      : `${targets[row * outputSize + column]} at index ${column} ${place}`;
  return new RivuletError('invalid-target', `targets: ${expects(outputSize, loss)}, got ${got}`);
}

function placeOf(timestep: number, stream: number): string {
  return `at timestep ${timestep} of stream ${stream}`;
}
