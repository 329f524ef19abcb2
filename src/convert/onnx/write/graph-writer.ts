/** An ONNX graph while it grows, and its bytes. The numbers are those of onnx.proto3. */
import { PbfWriter } from 'pbf';
import { RivuletError, show } from '../../../errors.ts';

/** Opset 17 is the first with LayerNormalization; ONNX 1.12 of 2022. */
const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const INTEGERS = { uint8: 2, int8: 3 } as const;
const INT64 = 7;

/** Integers, floats marked as such, strings and lists of them. */
export type Attribute =
  | number
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | readonly number[]
  | readonly string[];

/** A dimension: a size, or the name of a free one. */
export type Dimension = number | string;

interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

interface Info {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly Dimension[];
}

interface Constant {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export class GraphWriter {
  readonly #nodes: Node[] = [];
  readonly #constants: Constant[] = [];
  readonly #inputs: Info[] = [];
  readonly #outputs: Info[] = [];
  readonly #names = new Set<string>();

  /** @throws RivuletError `not-supported` where the name is taken: ONNX has one set of names for all values */
  input(name: string, shape: readonly Dimension[], kind: 'features' | 'tokens' = 'features'): string {
    this.#inputs.push({ name: this.#take(name), shape, type: kind === 'tokens' ? INT64 : FLOAT });
    return name;
  }

  /** An output of the model: a value under a name of its own. */
  output(name: string, value: string, shape: readonly Dimension[]): void {
    this.#nodes.push({ operator: 'Identity', inputs: [value], outputs: [this.#take(name)], attributes: {} });
    this.#outputs.push({ name, shape, type: FLOAT });
  }

  /**
   * A node, under the name of its first output.
   *
   * @param inputs names of values; '' where an optional one is left out
   */
  op(
    operator: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.ops(operator, [name], inputs, attributes)[0]!;
  }

  ops(
    operator: string,
    names: readonly string[],
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const outputs = names.map((name) => this.#unique(name));
    this.#nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  floats(name: string, shape: readonly number[], data: Float32Array): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return this.#constant(name, FLOAT, shape, bytes);
  }

  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(new BigInt64Array(values.map(BigInt)).buffer);
    return this.#constant(name, INT64, [values.length], bytes);
  }

  /** One number of 8 bits. */
  integer8(name: string, type: keyof typeof INTEGERS, value: number): string {
    return this.#constant(name, INTEGERS[type], [], Uint8Array.of(value));
  }

  bytes(): Uint8Array {
    const pbf = new PbfWriter();
    pbf.writeVarintField(1, IR_VERSION);
    pbf.writeStringField(2, 'rivulet');
    pbf.writeMessage(7, (graph: GraphWriter, out) => graph.#write(out), this);
    pbf.writeMessage(8, (version: number, out) => out.writeVarintField(2, version), OPSET);
    return pbf.finish();
  }

  #write(pbf: PbfWriter): void {
    for (const node of this.#nodes) pbf.writeMessage(1, writeNode, node);
    pbf.writeStringField(2, 'rivulet');
    for (const constant of this.#constants) pbf.writeMessage(5, writeConstant, constant);
    for (const info of this.#inputs) pbf.writeMessage(11, writeInfo, info);
    for (const info of this.#outputs) pbf.writeMessage(12, writeInfo, info);
  }

  #constant(name: string, type: number, shape: readonly number[], bytes: Uint8Array): string {
    const unique = this.#unique(name);
    this.#constants.push({ name: unique, type, shape, bytes });
    return unique;
  }

  #take(name: string): string {
    if (!this.#names.has(name)) {
      this.#names.add(name);
      return name;
    }
    throw new RivuletError(
      'not-supported',
      `onnx: an input and an output, or two of them, are called ${show(name)}; rename one`,
    );
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.#names.has(name); count++) name = `${wanted}/${count}`;
    this.#names.add(name);
    return name;
  }
}

function writeNode({ operator, inputs, outputs, attributes }: Node, pbf: PbfWriter): void {
  for (const name of inputs) pbf.writeStringField(1, name);
  for (const name of outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(3, outputs[0]!);
  pbf.writeStringField(4, operator);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
}

const KINDS = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

function writeAttribute([name, value]: [string, Attribute], pbf: PbfWriter): void {
  const kind = (code: keyof typeof KINDS) => pbf.writeVarintField(20, KINDS[code]);
  const text = (string: string) => new TextEncoder().encode(string);
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    kind('int');
  } else if (typeof value === 'string') {
    pbf.writeBytesField(4, text(value));
    kind('string');
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    kind('float');
  } else if ('floats' in value) {
    for (const each of value.floats) pbf.writeFloatField(7, each);
    kind('floats');
  } else {
    for (const each of value) {
      if (typeof each === 'number') pbf.writeVarintField(8, each);
      else pbf.writeBytesField(9, text(each));
    }
    kind(value.some((each) => typeof each === 'string') ? 'strings' : 'ints');
  }
}

function writeConstant({ name, type, shape, bytes }: Constant, pbf: PbfWriter): void {
  for (const size of shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, type);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, bytes);
}

function writeInfo({ name, type, shape }: Info, pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, writeType, { type, shape });
}

function writeType(type: Pick<Info, 'type' | 'shape'>, pbf: PbfWriter): void {
  pbf.writeMessage(
    1,
    (tensor: Pick<Info, 'type' | 'shape'>, out) => {
      out.writeVarintField(1, tensor.type);
      out.writeMessage(2, writeShape, tensor.shape);
    },
    type,
  );
}

function writeShape(shape: readonly Dimension[], pbf: PbfWriter): void {
  for (const size of shape) {
    pbf.writeMessage(
      1,
      (dimension: Dimension, out) =>
        typeof dimension === 'number'
          ? out.writeVarintField(1, dimension)
          : out.writeStringField(2, dimension),
      size,
    );
  }
}
