import { RivuletError, type RivuletErrorCode, show } from '../errors.ts';

/**
 * Reads an untrusted object field by field. `read` asks for what it knows; a field that it did not ask for is
 * refused, so a misspelled option or one of a later version is never silently dropped.
 *
 * @param place what the object is, as an error message names it: `node "lstm"`
 * @throws RivuletError with `code`, naming the place and the field
 */
export function readFields<T>(
  value: unknown,
  place: string,
  code: RivuletErrorCode,
  read: (fields: Fields) => T,
): T {
  const fields = new Fields(value, place, code);
  const result = read(fields);
  fields.refuseOthers();
  return result;
}

/**
 * A JSON value in an error message. Other than `show` it looks at nothing inside an object, which may be
 * hostile.
 */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'object' || value === null) return show(value);
  return Array.isArray(value) ? `an array of length ${value.length}` : 'an object';
}

/** The fields of one object; each method reads one and throws where it is not what it should be. */
export class Fields {
  /** What the object is, as an error message names it. */
  place: string;
  readonly #object: object;
  readonly #code: RivuletErrorCode;
  readonly #asked = new Set<string>();

  constructor(value: unknown, place: string, code: RivuletErrorCode) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new RivuletError(code, `${place}: expected an object, got ${describe(value)}`);
    }
    this.#object = value;
    this.place = place;
    this.#code = code;
  }

  /** Whether the field is there. JSON has no undefined; in an object of a program it means absent. */
  has(field: string): boolean {
    return this.value(field) !== undefined;
  }

  value(field: string): unknown {
    this.#asked.add(field);
    return Object.hasOwn(this.#object, field) ? (this.#object as Record<string, unknown>)[field] : undefined;
  }

  /** A string that is not empty. */
  name(field: string): string {
    const value = this.value(field);
    if (typeof value !== 'string' || value === '')
      throw this.#wrong(field, 'a string that is not empty', value);
    return value;
  }

  boolean(field: string): boolean {
    const value = this.value(field);
    if (typeof value !== 'boolean') throw this.#wrong(field, 'true or false', value);
    return value;
  }

  integer(field: string, min: number, max: number): number {
    const value = this.value(field);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw this.#wrong(field, `an integer from ${min} to ${max}`, value);
    }
    return value;
  }

  /** A finite number. */
  number(field: string, min: number, max: number): number {
    const value = this.value(field);
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      throw this.#wrong(field, `a number from ${min} to ${max}`, value);
    }
    return value;
  }

  oneOf<T extends string>(field: string, choices: readonly T[]): T {
    const value = this.value(field);
    const choice = choices.find((known) => known === value);
    if (choice === undefined) throw this.#wrong(field, `one of ${choices.join(', ')}`, value);
    return choice;
  }

  array(field: string): readonly unknown[] {
    const value = this.value(field);
    if (!Array.isArray(value)) throw this.#wrong(field, 'an array', value);
    return value;
  }

  strings(field: string): readonly string[] {
    const values = this.array(field);
    return Array.from(values, (value, index) => {
      if (typeof value !== 'string') throw this.#wrong(`${field}[${index}]`, 'a string', value);
      return value;
    });
  }

  object<T>(field: string, read: (fields: Fields) => T): T {
    return readFields(this.value(field), `${this.place}: field "${field}"`, this.#code, read);
  }

  /** The names of all fields. */
  names(): readonly string[] {
    return Object.keys(this.#object);
  }

  /** An object with any keys whose values are strings. */
  stringRecord(field: string): Readonly<Record<string, string>> {
    return this.object(field, (fields) => fields.allStrings());
  }

  /** Every field of this object, all of which are strings. */
  allStrings(): Readonly<Record<string, string>> {
    const entries = this.names().map((key): [string, string] => {
      const value = this.value(key);
      if (typeof value !== 'string') throw this.#wrong(key, 'a string', value);
      return [key, value];
    });
    // fromEntries defines properties, so that a key `__proto__` is one like any other.
    return Object.fromEntries(entries);
  }

  refuseOthers(): void {
    for (const [field, value] of Object.entries(this.#object)) {
      if (this.#asked.has(field) || value === undefined) continue;
      const known = [...this.#asked].join(', ');
      throw new RivuletError(this.#code, `${this.place}: unknown field ${show(field)}; known are ${known}`);
    }
  }

  #wrong(field: string, expected: string, value: unknown): RivuletError {
    return new RivuletError(
      this.#code,
      `${this.place}: field ${show(field)} must be ${expected}, got ${describe(value)}`,
    );
  }
}
