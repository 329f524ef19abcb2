import { show } from '../../errors.ts';
import type { AttributeProto, NodeProto, TensorProto } from './proto.ts';
import { invalid, placeOf, unsupported } from './refuse.ts';

const KINDS = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

/** The attributes of a node, read by name; those that nobody asked for are refused by `finish`. */
export class Attributes {
  readonly place: string;
  readonly #attributes = new Map<string, AttributeProto>();
  readonly #asked = new Set<string>();

  constructor(node: NodeProto) {
    this.place = placeOf(node);
    for (const attribute of node.attributes) {
      if (this.#attributes.has(attribute.name))
        throw invalid(this.place, `it has two attributes ${show(attribute.name)}`);
      this.#attributes.set(attribute.name, attribute);
    }
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  float(name: string, absent: number): number {
    return this.#find(name, 'float')?.float ?? absent;
  }

  int(name: string, absent: number): number {
    return this.#find(name, 'int')?.int ?? absent;
  }

  string(name: string, absent: string): string {
    return this.#find(name, 'string')?.string ?? absent;
  }

  floats(name: string): readonly number[] | undefined {
    return this.#find(name, 'floats')?.floats;
  }

  ints(name: string): readonly number[] | undefined {
    return this.#find(name, 'ints')?.ints;
  }

  strings(name: string): readonly string[] | undefined {
    return this.#find(name, 'strings')?.strings;
  }

  tensor(name: string): TensorProto | undefined {
    return this.#find(name, 'tensor')?.tensor;
  }

  /** Attributes that change nothing here, whatever their value. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#asked.add(name);
  }

  /** @throws RivuletError `unsupported-operator` where the attribute has another value than the one supported */
  only(name: string, value: number | string): void {
    const found = typeof value === 'number' ? this.int(name, value) : this.string(name, value);
    if (found !== value)
      throw unsupported(this.place, `its attribute ${name} is ${show(found)}; supported is ${show(value)}`);
  }

  /** @throws RivuletError `unsupported-operator` where an attribute was not asked for */
  finish(): void {
    for (const name of this.#attributes.keys()) {
      if (this.#asked.has(name)) continue;
      const known = [...this.#asked].join(', ');
      throw unsupported(
        this.place,
        `its attribute ${show(name)} is not supported; supported ${known === '' ? 'is none' : `are ${known}`}`,
      );
    }
  }

  #find(name: string, kind: keyof typeof KINDS): AttributeProto | undefined {
    this.#asked.add(name);
    const attribute = this.#attributes.get(name);
    // Files of before IR version 2 may leave the type out.
    if (attribute === undefined || (attribute.type === 0 && !attribute.other)) return attribute;
    if (attribute.type === KINDS[kind] && !attribute.other) return attribute;
    throw invalid(this.place, `its attribute ${name} is of type ${attribute.type}; expected ${kind}`);
  }
}
