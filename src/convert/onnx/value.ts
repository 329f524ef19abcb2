/**
 * What a name in an ONNX graph stands for at import: a constant, or a stream, which has another value each timestep.
 *
 * ONNX tensors have axes, values of ours are vectors. A stream is an ONNX tensor seen at one timestep of one stream: its
 * axis of time and its axis of the batch count 1. Each of its elements is one value of a node (or an input, or a constant)
 * of ours. What only moves elements (Reshape, Transpose, Slice, Concat, Gather …) makes no node: it makes another list of
 * elements. Nodes come where something is computed, out of what `Emitter.use` lays side by side.
 */
import { elementCount } from '../../graph/tensor.ts';

export type ElementType =
  | 'float'
  | 'double'
  | 'float16'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'bool';

export type Numbers =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array;

/** float16 in float32. int64 in float64: exact up to 2^53. The number of timesteps, which no constant knows, is NaN there. */
export interface Constant {
  readonly kind: 'constant';
  /** What the file calls it. */
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Row-major; may be a view of the file. */
  readonly data: Numbers;
  /** The weights of the file it was made of, for the report. */
  readonly origins: ReadonlySet<string>;
}

export interface Stream {
  readonly kind: 'stream';
  /** The shape at one timestep; the axis of time counts 1. */
  readonly shape: readonly number[];
  /** The axis of time; none where a call of the ONNX model is one timestep. */
  readonly time: number | undefined;
  /** What the file has for the length of that axis, where it is fixed. */
  readonly timesteps: number | undefined;
  /** Without an axis of time: it is the value at the last timestep of a sequence. */
  readonly last: boolean;
  /** Zeros that a Pad put around the axis of time, and a convolution takes away again. */
  readonly padded: readonly [before: number, after: number];
  readonly elements: Elements;
  /** Between QuantizeLinear and DequantizeLinear: integers, of which the elements already are the values they stand for. */
  readonly quantized?: Quantized;
}

/** How integers stand for values: (q - zeroPoint) scale. */
export interface Quantized {
  readonly scale: number;
  readonly zeroPoint: number;
}

export type Value = Constant | Stream;

/** Where elements come from: an input, a node or a constant of the model. */
export interface Source {
  readonly name: string;
  readonly size: number;
  readonly constant: Constant | undefined;
  /**
   * No node: an input that is what an output was at the call before (a node `state` gives its elements where they are
   * used), or what a sequence leaves in a state that no node gives.
   */
  readonly role?: 'state' | 'ending';
}

/** The elements of a stream, row-major: element i is value `indices[i]` of `sources[which[i]]`. */
export class Elements {
  readonly length: number;
  readonly sources: readonly Source[];
  readonly #which: Uint16Array | undefined;
  readonly #indices: Int32Array | undefined;

  /** Without lists: all values of the one source. */
  constructor(sources: readonly Source[], which?: Uint16Array, indices?: Int32Array) {
    this.sources = sources;
    this.length = indices?.length ?? sources[0]!.size;
    this.#which = which;
    this.#indices = indices;
  }

  source(element: number): Source {
    return this.sources[this.#which?.[element] ?? 0]!;
  }

  index(element: number): number {
    return this.#indices?.[element] ?? element;
  }

  /** Elements in another order: element i is what was at `order[i]`. */
  select(order: Int32Array): Elements {
    const which = this.#which && new Uint16Array(order.length);
    const indices = new Int32Array(order.length);
    for (let at = 0; at < order.length; at++) {
      const from = order[at]!;
      indices[at] = this.index(from);
      if (which) which[at] = this.#which![from]!;
    }
    return new Elements(this.sources, which, indices);
  }

  /** The elements of several lists one behind the other. */
  static join(parts: readonly Elements[]): Elements {
    const sources = [...new Set(parts.flatMap((part) => part.sources))];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const which = new Uint16Array(length);
    const indices = new Int32Array(length);
    let at = 0;
    for (const part of parts) {
      const place = new Map(part.sources.map((source) => [source, sources.indexOf(source)]));
      for (let element = 0; element < part.length; element++, at++) {
        which[at] = place.get(part.source(element))!;
        indices[at] = part.index(element);
      }
    }
    return new Elements(sources, which, indices);
  }

  /** The one source whose values these are, all of them in their order. */
  whole(): Source | undefined {
    const source = this.source(0);
    if (source === undefined || this.length !== source.size) return undefined;
    if (this.#indices === undefined) return source;
    for (let at = 0; at < this.length; at++) {
      if (this.#indices[at] !== at || this.source(at) !== source) return undefined;
    }
    return source;
  }
}

export function sizeOf(shape: readonly number[]): number {
  return elementCount(shape) ?? Number.POSITIVE_INFINITY;
}

/** A stream like another in time, of other elements. */
export function streamLike(
  like: Pick<Stream, 'time' | 'timesteps' | 'last' | 'padded'>,
  shape: readonly number[],
  elements: Elements,
): Stream {
  const { time, timesteps, last, padded } = like;
  return { kind: 'stream', shape, time, timesteps, last, padded, elements };
}
