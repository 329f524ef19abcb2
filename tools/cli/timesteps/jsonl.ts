import type { Model, StepInput } from '../../../src/index.ts';
import { lineReader } from './lines.ts';
import { malformed, type TimestepInput, type TimestepReader } from './reader.ts';

/**
 * A timestep a line: the array of the values, or a token; for a model of several inputs (or outputs) an object of
 * these by name.
 */
export function jsonlReader(model: Model): TimestepReader {
  const single = model.inputs.length === 1 && model.outputs.length === 1;
  return lineReader((line, lineNumber) => {
    const scanner = new LineScanner(line, lineNumber);
    const input = single ? readInput(scanner, model.inputs[0]!.kind) : readInputs(scanner, model);
    scanner.end();
    return input;
  });
}

function readInputs(scanner: LineScanner, model: Model): TimestepInput {
  const inputs: Record<string, StepInput> = {};
  const kinds = new Map(model.inputs.map(({ name, kind }) => [name, kind]));
  const names = [...kinds.keys()].join(', ');
  scanner.expect('{', `an object of the inputs ${names}`);
  do {
    const isNew = (name: string) => !Object.hasOwn(inputs, name) && kinds.has(name);
    const name = scanner.name(isNew, `each of ${names} once`);
    scanner.expect(':', '":"');
    inputs[name] = readInput(scanner, kinds.get(name)!);
  } while (scanner.accept(','));
  scanner.expect('}', '"," or "}"');
  return inputs;
}

function readInput(scanner: LineScanner, kind: 'features' | 'tokens'): StepInput {
  if (kind === 'tokens') return scanner.number('a token');
  const values: number[] = [];
  scanner.expect('[', 'an array of numbers');
  if (!scanner.accept(']')) {
    do values.push(scanner.float32());
    while (scanner.accept(','));
    scanner.expect(']', '"," or "]"');
  }
  return Float32Array.from(values);
}

/** The few JSON values that a line may hold, read by hand: JSON.parse does not say where it stopped. */
class LineScanner {
  readonly #line: string;
  readonly #lineNumber: number;
  #at = 0;

  constructor(line: string, lineNumber: number) {
    this.#line = line;
    this.#lineNumber = lineNumber;
  }

  accept(character: string): boolean {
    this.#match(/[ \t]*/y);
    if (this.#line[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  expect(character: string, what: string): void {
    if (!this.accept(character)) throw this.unexpected(what);
  }

  number(what: string): number {
    this.#match(/[ \t]*/y);
    const digits = this.#match(/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y);
    if (digits === undefined) throw this.unexpected(what);
    return Number(digits);
  }

  float32(): number {
    const start = this.#at;
    const value = this.number('a number');
    if (Number.isFinite(Math.fround(value))) return value;
    this.#at = start;
    this.#match(/[ \t]*/y);
    throw this.unexpected('a finite float32', String(value));
  }

  /** A string in quotes that `isExpected` takes. */
  name(isExpected: (name: string) => boolean, what: string): string {
    this.#match(/[ \t]*/y);
    const start = this.#at;
    const name = this.#string();
    if (name !== undefined && isExpected(name)) return name;
    this.#at = start;
    throw this.unexpected(what, name);
  }

  end(): void {
    this.#match(/[ \t]*/y);
    if (this.#at < this.#line.length) throw this.unexpected('the end of the line');
  }

  unexpected(expected: string, got?: string): Error {
    const rest = this.#line.slice(this.#at, this.#at + 16);
    const found = got ?? (rest === '' ? undefined : rest);
    const place = `line ${this.#lineNumber}, column ${this.#at + 1}`;
    return malformed(place, expected, found === undefined ? 'the end of the line' : JSON.stringify(found));
  }

  #string(): string | undefined {
    const text = this.#match(/"(?:[^"\\]|\\.)*"/y);
    try {
      return text === undefined ? undefined : (JSON.parse(text) as string);
    } catch {
      return undefined; // an escape that JSON does not have
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#line)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }
}
