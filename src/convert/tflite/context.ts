/** What the conversion of an operator sees and adds to. */
import { show } from '../../errors.ts';
import type { GraphNode, Tensor } from '../../graph/definition.ts';
import { invalid } from './flatbuffer.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from './schema.ts';
import { unsupported } from './weights.ts';

/** A computed tensor: `rows` vectors of `size` values, which are the timesteps where there are several. */
export interface Value {
  /** The input or the node that gives it. */
  readonly name: string;
  readonly rows: number;
  readonly size: number;
  /** Whether the file has all rows one behind the other, as one vector. */
  readonly flat?: boolean;
}

export class Context {
  readonly model: TfliteModel;
  readonly nodes: GraphNode[] = [];
  readonly tensors = new Map<string, Tensor>();
  readonly lines: string[] = [];
  readonly folded: string[] = [];
  readonly notes: string[] = [];
  /** Of constants that an operator took. */
  readonly used = new Set<number>();
  readonly #values = new Map<number, Value>();
  /** Constants under another number: dequantized ones. */
  readonly #aliases = new Map<number, TfliteTensor>();
  readonly #names = new Set<string>();
  readonly #states = new Set<number>();
  #room: number;

  /** @param room bytes of constants that the operators may take in all */
  constructor(model: TfliteModel, room: number) {
    this.model = model;
    this.#room = room;
  }

  /** `base`, or with a number behind it where the name is taken. */
  name(base: string): string {
    let name = base;
    for (let n = 1; this.#names.has(name); n++) name = `${base}_${n}`;
    this.#names.add(name);
    return name;
  }

  /** The constant or variable that is the operator's input number `n`. */
  tensor(operator: TfliteOperator, n: number): TfliteTensor | undefined {
    const index = operator.inputs[n] ?? -1;
    const tensor = this.#aliases.get(index) ?? this.model.tensors[index];
    if (tensor?.data === undefined) return tensor;
    this.#room -= tensor.data.length;
    if (this.#room < 0) throw invalid('its operators take more weights than the file has');
    this.used.add(tensor.index);
    return tensor;
  }

  /** @throws RivuletError `invalid-file` where no operator before gave it */
  value(operator: TfliteOperator, n = 0): Value {
    const index = operator.inputs[n] ?? -1;
    const value = this.#values.get(index);
    if (value !== undefined) return value;
    const tensor = this.model.tensors[index];
    if (tensor?.data !== undefined)
      throw unsupported(
        operator.place,
        `input ${n} ${show(tensor.name)} is a constant; a computed value is supported`,
      );
    throw invalid(`${operator.place} reads tensor ${index}, which nothing before it gives`);
  }

  /** The same, of an operator that looks at vectors of the last axis. */
  vectors(operator: TfliteOperator): Value {
    const value = this.value(operator);
    if (!value.flat) return value;
    throw unsupported(
      operator.place,
      `it reads ${value.rows} timesteps as one vector, which only FULLY_CONNECTED can`,
    );
  }

  /** The operator's only output. */
  give(operator: TfliteOperator, value: Value): void {
    const [index, ...others] = operator.outputs;
    if (index === undefined || others.length > 0)
      throw invalid(`${operator.place} has ${operator.outputs.length} outputs, expected 1`);
    this.set(index, value);
  }

  set(index: number, value: Value): void {
    const tensor = this.model.tensors[index]!;
    if (this.#values.has(index) || this.#aliases.has(index) || tensor.data !== undefined)
      throw invalid(`tensor ${index} ${show(tensor.name)} is given twice`);
    this.#values.set(index, value);
  }

  get(index: number): Value | undefined {
    return this.#values.get(index);
  }

  alias(operator: TfliteOperator, constant: TfliteTensor): void {
    const [index] = operator.outputs;
    if (index === undefined || this.#values.has(index) || this.#aliases.has(index))
      throw invalid(`${operator.place}: its output is given twice, or missing`);
    this.#aliases.set(index, constant);
  }

  /** A state belongs to one operator. */
  state(operator: TfliteOperator, n: number, what: string): void {
    const index = operator.inputs[n] ?? -1;
    const tensor = this.model.tensors[index];
    if (tensor === undefined) throw invalid(`${operator.place} has no ${what}`);
    if (tensor.data !== undefined)
      throw unsupported(operator.place, `${what} ${show(tensor.name)} does not begin with zeros`);
    if (this.#states.has(index) || this.#values.has(index))
      throw unsupported(operator.place, `${what} ${show(tensor.name)} is shared with another operator`);
    this.#states.add(index);
  }

  add(node: GraphNode, line: string): void {
    this.nodes.push(node);
    this.lines.push(`${node.name}: ${line}`);
  }
}
