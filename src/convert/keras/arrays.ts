/** The arrays of a Keras model as its files name them, layer by layer, and which of them a graph used. */
import { RivuletError, show } from '../../errors.ts';
import { elementCount, formatShape } from '../../graph/tensor.ts';
import { type KerasTopology, nameWithin } from './config.ts';

export interface NamedArray {
  /** As the file names it, with its layer: unique. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Dense and row-major; may be a view of the file. */
  read(): Float32Array;
}

/** Keras 1's names of what later has others; a number instead of a name is a position. */
const ALIASES: Readonly<Record<string, RegExp>> = {
  kernel: /(?:^|_)(?:W|kernel)$/,
  recurrent_kernel: /(?:^|_)(?:U|recurrent_kernel)$/,
  bias: /(?:^|_)(?:b|bias)$/,
  embeddings: /(?:^|_)(?:W|embeddings)$/,
  gamma: /(?:^|_)gamma$/,
  beta: /(?:^|_)beta$/,
  moving_mean: /(?:^|_)(?:running_mean|moving_mean)$/,
  moving_variance: /(?:^|_)(?:running_std|moving_variance)$/,
};

/** The arrays of one layer, in the order in which Keras lists them. */
export class LayerArrays {
  readonly place: string;
  readonly #arrays: readonly NamedArray[];
  readonly #used: Set<string>;

  constructor(place: string, arrays: readonly NamedArray[], used: Set<string>) {
    this.place = place;
    this.#arrays = arrays;
    this.#used = used;
  }

  get names(): readonly string[] {
    return this.#arrays.map(({ name }) => name);
  }

  /** Those of one half of a Bidirectional, whose two have as many. */
  half(which: 'forward' | 'backward'): LayerArrays {
    const of = (prefix: string) =>
      this.#arrays.filter(({ name }) => name.split('/').some((part) => part.startsWith(`${prefix}_`)));
    const middle = this.#arrays.length / 2;
    const named = of(which);
    const inOrder = which === 'forward' ? this.#arrays.slice(0, middle) : this.#arrays.slice(middle);
    const arrays = named.length === middle ? named : inOrder;
    return new LayerArrays(`${this.place}, ${which} half`, arrays, this.#used);
  }

  /** Whether there is an array of a role, or at a position where the file has no names. */
  has(role: string, position: number): boolean {
    return this.#find(role, position) !== undefined;
  }

  /** The array whose own name, without its layer, is exactly this; for what Keras 1 names otherwise. */
  ending(name: string): NamedArray | undefined {
    return this.#arrays.find((array) => lastPart(array).endsWith(name));
  }

  /** The shape of an array that is there. */
  shape(role: string, position: number): readonly number[] {
    return this.#get(role, position).shape;
  }

  /**
   * @param position in Keras' order, where the file numbers a layer's arrays
   * @param expected its shape; undefined stands for any size
   * @throws RivuletError `missing-tensor`, `wrong-shape`
   */
  take(role: string, position: number, expected: readonly (number | undefined)[]): Float32Array {
    return this.takeArray(this.#get(role, position), expected);
  }

  takeArray(array: NamedArray, expected: readonly (number | undefined)[]): Float32Array {
    const { name, shape } = array;
    const fits = shape.length === expected.length && shape.every((size, i) => size === (expected[i] ?? size));
    if (!fits || elementCount(shape) === 0) {
      throw new RivuletError(
        'wrong-shape',
        `${this.place}: expected ${show(name)} of shape ${formatShape(expected.map((size) => size ?? 'any'))}, ` +
          `got ${formatShape(shape)}`,
      );
    }
    this.#used.add(name);
    return array.read();
  }

  #get(role: string, position: number): NamedArray {
    const array = this.#find(role, position);
    if (array) return array;
    throw new RivuletError(
      'missing-tensor',
      `${this.place}: the file has no ${role} of it; it has ${this.names.map(show).join(', ') || 'nothing'}`,
    );
  }

  #find(role: string, position: number): NamedArray | undefined {
    if (this.#arrays.every((array) => /^\d+$/.test(lastPart(array)))) return this.#arrays[position];
    const exact = this.#arrays.filter((array) => lastPart(array) === role);
    const found = exact.length > 0 ? exact : this.#arrays.filter((array) => isCalled(array, role));
    if (found.length < 2) return found[0];
    throw new RivuletError(
      'invalid-file',
      `${this.place}: the file has several arrays ${role} of it: ${found.map(({ name }) => show(name)).join(', ')}`,
    );
  }
}

/** `lstm/lstm_cell/kernel:0` is `kernel`. */
function lastPart({ name }: NamedArray): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/:\d+$/, '');
}

function isCalled(array: NamedArray, role: string): boolean {
  const name = lastPart(array);
  // `recurrent_kernel` ends with `_kernel`.
  if (role === 'kernel' && name.endsWith('recurrent_kernel')) return false;
  return ALIASES[role]?.test(name) ?? false;
}

/** All arrays of a file, by the layers that they belong to. */
export class ArrayStore {
  readonly #layers: ReadonlyMap<string, readonly NamedArray[]>;
  readonly #used = new Set<string>();

  constructor(layers: ReadonlyMap<string, readonly NamedArray[]>) {
    this.#layers = layers;
  }

  layer(name: string, place: string): LayerArrays {
    return new LayerArrays(place, this.#layers.get(name) ?? [], this.#used);
  }

  /** Elements of all arrays, those used, and the names of the rest. */
  summary(): { readonly found: number; readonly used: number; readonly unused: readonly string[] } {
    const arrays = [...this.#layers.values()].flat();
    const count = (list: readonly NamedArray[]) =>
      list.reduce((sum, { shape }) => sum + (elementCount(shape) ?? 0), 0);
    const used = arrays.filter(({ name }) => this.#used.has(name));
    const unused = arrays.filter(({ name }) => !this.#used.has(name)).map(({ name }) => name);
    return { found: count(arrays), used: count(used), unused };
  }
}

/** The layer, by its name in the whole file, that an array belongs to, by the parts of the array's name. */
type OwnerOf = (parts: readonly string[]) => string | undefined;

/**
 * The first part of an array's name that names a layer tells, and in a model within the model the parts behind it; Keras 2
 * leaves out the names of such models.
 */
export function ownersIn(model: KerasTopology, nameOf = (layer: string) => layer): OwnerOf {
  return firstOf(ownersByName(model, nameOf));
}

function firstOf(owners: ReadonlyMap<string, OwnerOf>): OwnerOf {
  return (parts) => {
    const at = parts.findIndex((part) => owners.has(part));
    return at < 0 ? undefined : owners.get(parts[at]!)!(parts.slice(at + 1));
  };
}

/** A layer of the model itself stands before one of the same name in a model within it. */
function ownersByName(
  { layers }: KerasTopology,
  nameOf: (layer: string) => string,
): ReadonlyMap<string, OwnerOf> {
  const owners = new Map<string, OwnerOf>();
  const deeper: ReadonlyMap<string, OwnerOf>[] = [];
  for (const { name, model } of layers) {
    const whole = nameOf(name);
    const inner = model && ownersByName(model, (layer) => nameWithin(whole, layer));
    owners.set(name, inner ? firstOf(inner) : () => whole);
    if (inner) deeper.push(inner);
  }
  for (const within of deeper)
    for (const [name, owner] of within) if (!owners.has(name)) owners.set(name, owner);
  return owners;
}

/** Arrays by the layers that they belong to; those of none stand under a name that no layer has. */
export function byOwner(
  arrays: readonly NamedArray[],
  ownerOf: OwnerOf,
): ReadonlyMap<string, readonly NamedArray[]> {
  const result = new Map<string, NamedArray[]>();
  for (const array of arrays) {
    const owner = ownerOf(array.name.split('/')) ?? 'of no layer';
    const list = result.get(owner);
    if (list) list.push(array);
    else result.set(owner, [array]);
  }
  return result;
}

/** The rows of a matrix, or the elements of a vector, in blocks of `size` elements in another order. */
export function reorder(data: Float32Array, size: number, order: readonly number[]): Float32Array {
  if (order.every((block, i) => block === i)) return data;
  const result = new Float32Array(data.length);
  order.forEach((block, i) => {
    result.set(data.subarray(block * size, (block + 1) * size), i * size);
  });
  return result;
}
