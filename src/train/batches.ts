// How data becomes windows of at most `unroll` timesteps × `batchSize` rows, one update each:
//
//   a stream, state carried     cut into batchSize rows of equal length, windows from left to right; every epoch begins
//                               in the zero state and at another offset, so that windows fall elsewhere
//   separate sequences          in random order, those of about one length together, so that little is padded; each from
//                               the zero state, long ones in several windows with the state carried
//   state not carried           windows are cut from each other, and are then separate sequences
//   labels of whole sequences   a window holds whole sequences
//
// A row without data, behind the end of a short sequence or in the last batch of an epoch, has weight 0 and is not read.

import { RivuletError } from '../errors.ts';
import type { Draws } from '../runtime/draws.ts';
import type { Dataset, Sequence } from './dataset.ts';
import type { WindowInput } from './window.ts';

export interface Batch {
  /** Overwritten by the next one. */
  readonly window: WindowInput;
  readonly timesteps: number;
  /** Timesteps of all rows that count in the loss. */
  readonly counted: number;
  /** Whether it begins in the zero state. */
  readonly fresh: boolean;
}

export interface Batches {
  readonly updatesPerEpoch: number;
  /** Window number `index` of an epoch, both counted from 0: a function of the seed alone, asked for in any order. */
  at(epoch: number, index: number): Batch;
}

export interface BatchSize {
  readonly batchSize: number;
  readonly unroll: number;
  readonly carryState: boolean;
}

const DEFAULT_BATCH_SIZE = 16;
const DEFAULT_UNROLL = 64;

/**
 * What was asked for, checked against the data; what was not, the default or as much of it as the data allow.
 *
 * @throws RivuletError `invalid-argument` that says what would work
 */
export function fitBatchSize(
  dataset: Dataset,
  asked: { batchSize?: number | undefined; unroll?: number | undefined; carryState: boolean },
): BatchSize {
  const fitted = dataset.separate ? fitToSequences(dataset, asked) : fitToStream(dataset, asked);
  return { ...fitted, carryState: asked.carryState };
}

export function createBatches(dataset: Dataset, size: BatchSize, draws: Draws): Batches {
  const buffer = new WindowBuffer(dataset, size);
  if (!dataset.separate && size.carryState)
    return new StreamBatches(dataset.sequences[0]!, size, draws, buffer);
  return new PieceBatches(dataset, size, draws, buffer);
}

type Asked = Parameters<typeof fitBatchSize>[1];

function fitToStream({ sequences }: Dataset, asked: Asked): { batchSize: number; unroll: number } {
  const { timesteps } = sequences[0]!;
  const unroll = asked.unroll ?? atMost(DEFAULT_UNROLL, timesteps / (asked.batchSize ?? 1));
  const batchSize = asked.batchSize ?? atMost(DEFAULT_BATCH_SIZE, timesteps / unroll);
  if (batchSize * unroll <= timesteps) return { batchSize, unroll };
  const choices: string[] = [];
  if (unroll <= timesteps)
    choices.push(`at most batchSize ${Math.floor(timesteps / unroll)} with unroll ${unroll}`);
  if (batchSize <= timesteps) {
    choices.push(`at most unroll ${Math.floor(timesteps / batchSize)} with batchSize ${batchSize}`);
  }
  if (choices.length === 0) choices.push(`at most unroll ${timesteps} with batchSize 1`);
  throw new RivuletError(
    'invalid-argument',
    `batchSize ${batchSize} and unroll ${unroll} need ${batchSize * unroll} timesteps of data, and there are ` +
      `${timesteps}: use ${choices.join(', or ')}`,
  );
}

function fitToSequences(
  { sequences, targetWidth, loss }: Dataset,
  asked: Asked,
): { batchSize: number; unroll: number } {
  const whole = targetWidth === 0;
  const longest = sequences.reduce((most, { timesteps }) => Math.max(most, timesteps), 0);
  const unroll = asked.unroll ?? (whole ? longest : atMost(DEFAULT_UNROLL, longest));
  if (whole && unroll < longest) {
    throw new RivuletError(
      'invalid-argument',
      `unroll ${unroll} is shorter than the longest sequence, and loss "${loss.type}" takes whole sequences: ` +
        `use unroll ${longest}`,
    );
  }
  if (unroll > longest) {
    throw new RivuletError(
      'invalid-argument',
      `unroll ${unroll} is longer than the longest sequence, which has ${longest} timesteps: use at most unroll ${longest}`,
    );
  }
  const rows = asked.carryState
    ? sequences.length
    : sequences.reduce((sum, { timesteps }) => sum + Math.ceil(timesteps / unroll), 0);
  const batchSize = asked.batchSize ?? atMost(DEFAULT_BATCH_SIZE, rows);
  if (batchSize > rows) {
    const what = asked.carryState ? `${rows} sequences` : `${rows} windows of ${unroll} timesteps`;
    throw new RivuletError(
      'invalid-argument',
      `batchSize ${batchSize} is larger than the data, which are ${what}: use at most batchSize ${rows}`,
    );
  }
  return { batchSize, unroll };
}

function atMost(wanted: number, room: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(room)));
}

class StreamBatches implements Batches {
  readonly updatesPerEpoch: number;
  readonly #stream: Sequence;
  readonly #length: number;
  readonly #unroll: number;
  readonly #draws: Draws;
  readonly #buffer: WindowBuffer;

  constructor(stream: Sequence, { batchSize, unroll }: BatchSize, draws: Draws, buffer: WindowBuffer) {
    this.#stream = stream;
    this.#length = Math.floor(stream.timesteps / batchSize);
    this.#unroll = unroll;
    this.#draws = draws;
    this.#buffer = buffer;
    this.updatesPerEpoch = Math.floor(this.#length / unroll);
  }

  at(epoch: number, index: number): Batch {
    const rest = this.#length - this.updatesPerEpoch * this.#unroll;
    const start = this.#draws.integer(epoch, rest + 1) + index * this.#unroll;
    this.#buffer.clear();
    for (let row = 0; row < this.#buffer.rows; row++) {
      this.#buffer.put(row, this.#stream, row * this.#length + start, this.#unroll);
    }
    return this.#buffer.batch(this.#unroll, index === 0);
  }
}

/** A part of a sequence that begins in the zero state. */
interface Piece {
  readonly sequence: Sequence;
  readonly from: number;
  readonly timesteps: number;
}

/** One window of up to batchSize pieces: the timesteps from `from` on of each. */
interface Cut {
  readonly pieces: readonly Piece[];
  readonly from: number;
}

class PieceBatches implements Batches {
  readonly updatesPerEpoch: number;
  readonly #dataset: Dataset;
  readonly #size: BatchSize;
  readonly #draws: Draws;
  readonly #buffer: WindowBuffer;
  #epoch = -1;
  #cuts: readonly Cut[] = [];

  constructor(dataset: Dataset, size: BatchSize, draws: Draws, buffer: WindowBuffer) {
    this.#dataset = dataset;
    this.#size = size;
    this.#draws = draws;
    this.#buffer = buffer;
    this.updatesPerEpoch = this.#cutEpoch(0).length;
  }

  at(epoch: number, index: number): Batch {
    if (epoch !== this.#epoch) this.#cuts = this.#cutEpoch(epoch);
    this.#epoch = epoch;
    const { pieces, from } = this.#cuts[index]!;
    let timesteps = 0;
    this.#buffer.clear();
    pieces.forEach((piece, row) => {
      const length = Math.min(this.#size.unroll, piece.timesteps - from);
      if (length > 0) this.#buffer.put(row, piece.sequence, piece.from + from, length);
      timesteps = Math.max(timesteps, length);
    });
    return this.#buffer.batch(timesteps, from === 0);
  }

  /**
   * The pieces in random order; then sorted, so that little is padded; then the batches in random order. Those of as many
   * windows stay together, and every epoch has as many.
   */
  #cutEpoch(epoch: number): Cut[] {
    const { unroll, batchSize } = this.#size;
    const windows = ({ timesteps }: Piece) => Math.ceil(timesteps / unroll);
    const pieces = this.#pieces(epoch);
    // An epoch takes one draw for the offset, and one for each piece and each batch.
    const first = epoch * (1 + 2 * pieces.length) + 1;
    this.#draws.shuffle(pieces, first);
    const sorted = nearlyByLength(pieces, batchSize).sort((a, b) => windows(a) - windows(b));
    const batches: Piece[][] = [];
    for (let at = 0; at < sorted.length; at += batchSize) batches.push(sorted.slice(at, at + batchSize));
    this.#draws.shuffle(batches, first + pieces.length);
    return batches.flatMap((batch) =>
      Array.from({ length: windows(batch.at(-1)!) }, (_, i) => ({ pieces: batch, from: i * unroll })),
    );
  }

  #pieces(epoch: number): Piece[] {
    const { separate, sequences } = this.#dataset;
    const { carryState, unroll } = this.#size;
    if (carryState)
      return sequences.map((sequence) => ({ sequence, from: 0, timesteps: sequence.timesteps }));
    if (separate) return sequences.flatMap((sequence) => cutAt(sequence, 0, sequence.timesteps, unroll));
    const stream = sequences[0]!;
    const whole = Math.floor(stream.timesteps / unroll);
    const draw = epoch * (1 + 2 * whole);
    const offset = this.#draws.integer(draw, stream.timesteps - whole * unroll + 1);
    return cutAt(stream, offset, offset + whole * unroll, unroll);
  }
}

/**
 * By length, but each up to `places` further behind, the more the later it stands in the random order of the list: else
 * the same pieces would meet in every epoch. With 1000 sequences of 1 … 64 timesteps and the 16 places of a batch 2.2 % of
 * the rows are padding, 1.5 % strictly by length, 46 % in random order.
 */
function nearlyByLength(pieces: readonly Piece[], places: number): Piece[] {
  const order = pieces.map((piece, i) => ({ piece, back: (places * i) / pieces.length }));
  order.sort((a, b) => a.piece.timesteps - b.piece.timesteps);
  const ranked = order.map(({ piece, back }, rank) => ({ piece, place: rank + back }));
  return ranked.sort((a, b) => a.place - b.place).map(({ piece }) => piece);
}

function cutAt(sequence: Sequence, from: number, to: number, length: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = from; at < to; at += length) {
    pieces.push({ sequence, from: at, timesteps: Math.min(length, to - at) });
  }
  return pieces;
}

/** The arrays of a window, [timesteps, batch, width], filled row by row and used again for the next. */
class WindowBuffer {
  readonly rows: number;
  readonly #inputs: Uint32Array | Float32Array;
  readonly #targets: Uint32Array | Float32Array;
  readonly #weights: Float32Array;
  readonly #inputWidth: number;
  readonly #targetWidth: number;
  /** Of each row: its timesteps, and its labels where targets are such. */
  readonly #lengths: Uint32Array;
  readonly #targetLengths: Uint32Array;
  #counted = 0;

  constructor({ sequences, inputWidth, targetWidth }: Dataset, { batchSize, unroll }: BatchSize) {
    const { inputs, targets } = sequences[0]!;
    this.rows = batchSize;
    this.#inputs = like(inputs, unroll * batchSize * inputWidth);
    this.#targets = like(targets, unroll * batchSize * Math.max(1, targetWidth));
    this.#lengths = new Uint32Array(batchSize);
    this.#targetLengths = new Uint32Array(batchSize);
    this.#weights = new Float32Array(unroll * batchSize);
    this.#inputWidth = inputWidth;
    this.#targetWidth = targetWidth;
  }

  clear(): void {
    this.#inputs.fill(0);
    this.#targets.fill(0);
    this.#weights.fill(0);
    this.#lengths.fill(0);
    this.#targetLengths.fill(0);
    this.#counted = 0;
  }

  /** Rows of labels come in their order. */
  put(row: number, { inputs, targets }: Sequence, from: number, timesteps: number): void {
    spread(inputs, from, this.#inputWidth, this.#inputs, row, this.rows, timesteps);
    if (this.#targetWidth === 0) {
      this.#targets.set(targets, this.#labels);
      this.#targetLengths[row] = targets.length;
    } else spread(targets, from, this.#targetWidth, this.#targets, row, this.rows, timesteps);
    for (let t = 0; t < timesteps; t++) this.#weights[t * this.rows + row] = 1;
    this.#lengths[row] = timesteps;
    this.#counted += timesteps;
  }

  batch(timesteps: number, fresh: boolean): Batch {
    const rows = timesteps * this.rows;
    return {
      window: {
        inputs: this.#inputs.subarray(0, rows * this.#inputWidth),
        ...this.#targetsOf(rows),
      },
      timesteps,
      counted: this.#counted,
      fresh,
    };
  }

  #targetsOf(rows: number): Omit<WindowInput, 'inputs'> {
    if (this.#targetWidth === 0) {
      return {
        targets: this.#targets.subarray(0, this.#labels),
        targetLengths: this.#targetLengths,
        lengths: this.#lengths,
      };
    }
    return {
      targets: this.#targets.subarray(0, rows * this.#targetWidth),
      // Where all rows count both are left out: the loss is then a plain mean. A direction backward in time begins at the
      // end of a sequence, which it has to know.
      ...(this.#counted < rows && { weights: this.#weights.subarray(0, rows), lengths: this.#lengths }),
    };
  }

  /** Labels of all rows so far. */
  get #labels(): number {
    return this.#targetLengths.reduce((sum, length) => sum + length, 0);
  }
}

type Values = Uint32Array | Float32Array;

function like(values: Values, length: number): Values {
  return values[Symbol.toStringTag] === 'Uint32Array' ? new Uint32Array(length) : new Float32Array(length);
}

/** source[from … from + timesteps, width] to target[0 … timesteps, row, width] of `rows` rows. */
function spread(
  source: Values,
  from: number,
  width: number,
  target: Values,
  row: number,
  rows: number,
  timesteps: number,
): void {
  for (let t = 0; t < timesteps; t++) {
    const read = (from + t) * width;
    const write = (t * rows + row) * width;
    for (let i = 0; i < width; i++) target[write + i] = source[read + i]!;
  }
}
