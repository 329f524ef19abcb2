import { show } from '../../errors.ts';
import type { GraphInput, GraphNode, Tensor } from '../../graph/definition.ts';
import { MAX_SIZE } from '../../graph/limits.ts';
import { formatShape } from '../../graph/tensor.ts';
import { transposed } from '../transposed.ts';
import { layOut } from './lay-out.ts';
import { unsupported } from './refuse.ts';
import type { States } from './states.ts';
import { type Constant, Elements, type Source, type Stream, type Value } from './value.ts';

/** A node without its name. */
export type NodeBody = GraphNode extends infer N ? (N extends GraphNode ? Omit<N, 'name'> : never) : never;

/** A matrix of int8 values, each times the scale of its row (`byRows`) or of its column. */
export interface Int8Rows {
  readonly data: Int8Array;
  readonly scale: Float32Array;
  readonly byRows: boolean;
}

/** Where operators put the nodes and tensors of ours that they become. */
export class Emitter {
  readonly inputs: GraphInput[] = [];
  readonly nodes: GraphNode[] = [];
  readonly tensors = new Map<string, Tensor>();
  /** For the report: a line a node of ours, what was computed at import, and remarks. */
  readonly lines: string[] = [];
  readonly folded: string[] = [];
  readonly notes: string[] = [];
  /** Names of the file's weights that a tensor of ours was made of. */
  readonly used = new Set<string>();
  readonly states: States;
  readonly #names = new Set<string>();
  readonly #sources = new Map<string, Source>();
  readonly #constants = new Map<Constant, Source>();
  readonly #tensorNames = new Map<Constant, Map<string, string>>();
  readonly #laidOut = new Map<string, string>();
  readonly #int8 = new Map<Constant, Int8Rows>();

  constructor(states: States) {
    this.states = states;
  }

  /** An input of our graph; that of tokens gives one value, and its size is not known yet. */
  input(input: GraphInput): Source {
    this.#names.add(input.name);
    this.inputs.push(input);
    return this.#source(input.name, input.kind === 'tokens' ? 1 : input.size);
  }

  /**
   * A node of ours.
   *
   * @param name as it may be called; another node may have taken it
   * @param size the size of its value
   * @param from the node of the file, for the report
   */
  node(name: string, body: NodeBody, size: number, from: string): Source {
    if (!(size >= 1 && size <= MAX_SIZE))
      throw unsupported(from, `it gives ${size} values a timestep; supported are 1 to ${MAX_SIZE}`);
    const unique = this.#unique(name);
    this.nodes.push({ name: unique, ...body } as GraphNode);
    this.lines.push(`${unique}: ${body.type} of ${size} values, from ${from.replace(/^onnx: /, '')}`);
    return this.#source(unique, size);
  }

  /** A tensor of ours under a name of the file's; gives the name that it got. */
  tensor(name: string, tensor: Tensor, origins: Iterable<string>): string {
    for (const origin of origins) this.used.add(origin);
    const unique = this.#unique(name);
    this.tensors.set(unique, tensor);
    return unique;
  }

  /**
   * A constant as a float32 tensor of ours, once for every form it is wanted in.
   *
   * @param form the name of the form; `make` gives shape and data
   */
  weight(
    constant: Constant,
    form = '',
    make: () => { shape: readonly number[]; data: Float32Array } = () => ({
      shape: constant.shape,
      data: float32(constant),
    }),
  ): string {
    const forms = this.#tensorNames.get(constant) ?? new Map<string, string>();
    this.#tensorNames.set(constant, forms);
    const known = forms.get(form);
    if (known !== undefined) return known;
    const name = this.tensor(constant.name, { dtype: 'F32', ...make() }, constant.origins);
    forms.set(form, name);
    return name;
  }

  /** Says of a constant matrix that it is int8 values times scales, rows first. */
  remember(constant: Constant, rows: Int8Rows): void {
    this.#int8.set(constant, rows);
  }

  int8Of(constant: Constant): Int8Rows | undefined {
    return this.#int8.get(constant);
  }

  /**
   * A constant matrix [columns, units], or [units, columns] where `byRows`, as the weight [units, columns] of a product:
   * int8 where it is that with a scale a unit, else float32.
   */
  matrix(constant: Constant, shape: readonly [units: number, columns: number], byRows: boolean): string {
    const [units, columns] = shape;
    const form = byRows ? '' : 'transposed';
    const int8 = this.#int8.get(constant);
    const make = () => {
      const data = float32(constant);
      return { shape, data: byRows ? data : transposed(data, columns, units) };
    };
    if (int8 === undefined || int8.byRows !== byRows) return this.weight(constant, form, make);
    const forms = this.#tensorNames.get(constant) ?? new Map<string, string>();
    this.#tensorNames.set(constant, forms);
    const known = forms.get(form);
    if (known !== undefined) return known;
    const data = byRows ? int8.data : transposed(int8.data, columns, units);
    const name = this.tensor(constant.name, { dtype: 'I8', shape, data }, constant.origins);
    this.#names.add(`${name}.scale`);
    this.tensors.set(`${name}.scale`, { dtype: 'F32', shape: [units], data: int8.scale });
    forms.set(form, name);
    return name;
  }

  /** The name of the node (or input) whose value is the elements of the stream in their order; emits it where none is. */
  use(stream: Stream, place: string): string {
    const whole = stream.elements.whole();
    if (whole !== undefined && whole.constant === undefined && whole.role === undefined) return whole.name;
    if (stream.elements.length > MAX_SIZE)
      throw unsupported(
        place,
        `it reads ${stream.elements.length} values a timestep; supported are up to ${MAX_SIZE}`,
      );
    const key = keyOf(stream.elements);
    const known = this.#laidOut.get(key);
    if (known !== undefined) return known;
    const { name } = layOut(this, stream.elements, place);
    this.#laidOut.set(key, name);
    return name;
  }

  /** A constant as elements, which can stand among others. */
  constantElements(constant: Constant): Elements {
    const size = constant.data.length;
    const source = this.#constants.get(constant) ?? { name: constant.name, size, constant };
    this.#constants.set(constant, source);
    return new Elements([source]);
  }

  /** Whether a name is that of an input of tokens. */
  isTokens(name: string): boolean {
    return this.inputs.some((input) => input.name === name && input.kind === 'tokens');
  }

  /** How many tokens an input has, which the embedding that reads it tells. */
  vocabulary(name: string, size: number, place: string): void {
    const at = this.inputs.findIndex((input) => input.name === name);
    const input = this.inputs[at]!;
    if (input.size !== 0 && input.size !== size)
      throw unsupported(
        place,
        `the tokens of ${show(name)} are ${input.size} for one embedding and ${size} for it`,
      );
    this.inputs[at] = { ...input, size };
  }

  find(name: string): Source | undefined {
    return this.#sources.get(name);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  #source(name: string, size: number): Source {
    const source: Source = { name, size, constant: undefined };
    this.#sources.set(name, source);
    return source;
  }

  #unique(wanted: string): string {
    const name = wanted === '' ? 'node' : wanted;
    let unique = name;
    for (let count = 2; this.#names.has(unique) || this.tensors.has(unique); count++)
      unique = `${name}.${count}`;
    this.#names.add(unique);
    return unique;
  }
}

/** The data of a constant as float32. */
export function float32({ data }: Constant): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

function keyOf(elements: Elements): string {
  const parts: string[] = [];
  let previous: Source | undefined;
  for (let at = 0; at < elements.length; at++) {
    const source = elements.source(at);
    if (source !== previous) parts.push(source.constant ? `constant ${source.name}` : source.name);
    previous = source;
    parts.push(String(elements.index(at)));
  }
  return parts.join(' ');
}

/** A shape in messages and reports. */
export function shapeText(value: Value): string {
  return value.kind === 'stream' && value.time !== undefined
    ? formatShape(value.shape.map((size, axis) => (axis === value.time ? 'time' : size)))
    : formatShape(value.shape);
}
