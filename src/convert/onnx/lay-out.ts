/** Elements from here and there, side by side in one node of ours: slices and what joins them. */
import type { Emitter } from './emitter.ts';
import { unsupported } from './refuse.ts';
import type { Elements, Source } from './value.ts';

/** Elements of one source whose indices follow each other, or any of one source within a narrow range. */
interface Piece {
  readonly source: Source;
  readonly indices: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Above so many runs a matrix of zeros and ones picks the values. */
const MAX_RUNS = 16;

/** The largest such matrix, in elements: 4 MiB. */
const MAX_MATRIX = 1 << 20;

/**
 * @param place the node of the file that wants them so
 * @throws RivuletError `unsupported-operator` where the elements stand too far apart
 */
export function layOut(emit: Emitter, elements: Elements, place: string): Source {
  const runs = runsOf(elements);
  const pieces = runs.length <= MAX_RUNS ? runs : bySource(elements);
  if (pieces.length > MAX_RUNS) return interleave(emit, elements, place);
  return join(
    emit,
    pieces.map((piece) => emitPiece(emit, piece, elements, place)),
    place,
  );
}

function join(emit: Emitter, parts: readonly Source[], place: string): Source {
  if (parts.length === 1) return parts[0]!;
  const inputs = parts.map(({ name }) => name);
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  return emit.node(`${inputs[0]}.joined`, { type: 'concat', inputs }, size, place);
}

/** Elements of several sources by turns: what is needed of each source, side by side, and then in order. */
function interleave(emit: Emitter, elements: Elements, place: string): Source {
  const wanted = new Map<Source, number[]>();
  for (let at = 0; at < elements.length; at++) {
    const source = elements.source(at);
    const list = wanted.get(source) ?? [];
    list.push(elements.index(at));
    wanted.set(source, list);
  }
  const starts = new Map<Source, number>();
  let width = 0;
  const parts = [...wanted].map(([source, indices]) => {
    const piece = wholeRange(source, indices);
    starts.set(source, width - piece.low);
    width += piece.indices.length;
    return emitPiece(emit, piece, elements, place);
  });
  const order = Array.from(
    { length: elements.length },
    (_, at) => starts.get(elements.source(at))! + elements.index(at),
  );
  return pick(emit, join(emit, parts, place), order, 0, place);
}

/** All elements from the first to the last of those that are wanted. */
function wholeRange(source: Source, indices: readonly number[]): Piece {
  const low = indices.reduce((a, b) => Math.min(a, b));
  const high = indices.reduce((a, b) => Math.max(a, b));
  return { source, low, high, indices: Array.from({ length: high - low + 1 }, (_, at) => low + at) };
}

function runsOf(elements: Elements): Piece[] {
  return split(elements, (last, index) => index === last + 1);
}

function bySource(elements: Elements): Piece[] {
  return split(elements, () => true);
}

function split(elements: Elements, continues: (last: number, index: number) => boolean): Piece[] {
  const pieces: { source: Source; indices: number[]; low: number; high: number }[] = [];
  for (let at = 0; at < elements.length; at++) {
    const source = elements.source(at);
    const index = elements.index(at);
    const piece = pieces.at(-1);
    if (piece && piece.source === source && continues(piece.indices.at(-1)!, index)) {
      piece.indices.push(index);
      piece.low = Math.min(piece.low, index);
      piece.high = Math.max(piece.high, index);
    } else {
      pieces.push({ source, indices: [index], low: index, high: index });
    }
  }
  return pieces;
}

function emitPiece(emit: Emitter, piece: Piece, elements: Elements, place: string): Source {
  const { source, indices, low, high } = piece;
  if (source.constant) return emitConstant(emit, piece, elements, place);
  if (source.role === 'state') return emit.states.remember(emit, source, indices, place);
  if (source.role === 'ending') {
    throw unsupported(
      place,
      `it reads what a sequence leaves in the state ${source.name}; supported is that as the state of the next call ` +
        '(option state, --state input:output)',
    );
  }
  const range = high - low + 1;
  const part =
    range === source.size
      ? source
      : emit.node(
          `${source.name}.${low}`,
          { type: 'slice', input: source.name, start: low, size: range },
          range,
          place,
        );
  if (indices.every((index, at) => index === low + at)) return part;
  return pick(emit, part, indices, low, place);
}

/** Values in another order: a matrix with a one in each row. */
function pick(emit: Emitter, from: Source, indices: readonly number[], low: number, place: string): Source {
  const count = indices.length;
  if (count * from.size > MAX_MATRIX) {
    throw unsupported(
      place,
      `it takes ${count} of ${from.size} values of ${from.name} in an order of its own; ` +
        `supported are runs of neighbours, at most ${MAX_RUNS} of them, and orders of up to ${MAX_MATRIX} places`,
    );
  }
  const data = new Float32Array(count * from.size);
  indices.forEach((index, row) => {
    data[row * from.size + index - low] = 1;
  });
  const weight = emit.tensor(`${from.name}.order`, { dtype: 'F32', shape: [count, from.size], data }, []);
  return emit.node(
    `${from.name}.ordered`,
    { type: 'dense', input: from.name, tensors: { weight } },
    count,
    place,
  );
}

/** A constant among values: zero times a value of the first input, and a bias. */
function emitConstant(emit: Emitter, { source, indices }: Piece, elements: Elements, place: string): Source {
  const { constant } = source;
  const anchor = elements.sources.find((other) => !other.constant && !other.role);
  if (anchor === undefined || constant === undefined) {
    throw unsupported(
      place,
      'it needs a constant as the value of a timestep; supported are values that follow the input',
    );
  }
  const one =
    anchor.size === 1
      ? anchor
      : emit.node(`${anchor.name}.0`, { type: 'slice', input: anchor.name, start: 0, size: 1 }, 1, place);
  const count = indices.length;
  const zeros = new Float32Array(count);
  const data = Float32Array.from(indices, (index) => constant.data[index]!);
  const weight = emit.tensor(`${constant.name}.weight`, { dtype: 'F32', shape: [count, 1], data: zeros }, []);
  const bias = emit.tensor(constant.name, { dtype: 'F32', shape: [count], data }, constant.origins);
  return emit.node(
    constant.name,
    { type: 'dense', input: one.name, tensors: { weight, bias } },
    count,
    place,
  );
}
