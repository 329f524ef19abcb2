import { RivuletError, show } from '../../errors.ts';
import { parseStrictJson } from '../../formats/json.ts';
import type { Examples } from '../dataset.ts';
import { type Cell, type ColumnOptions, ColumnReader } from './columns.ts';
import { finiteFloat32 } from './numbers.ts';
import type { Series } from './series.ts';
import { linesOf, type TextSource } from './source.ts';

/**
 * Lines of JSON as training data. With columns each line is a timestep, an object with a number (or the text of a class)
 * under each name:
 *
 *     {"load": 5.8, "temperature": 30.5}
 *
 * Without them each line is a sequence of its own: a text, an array of tokens, or inputs and targets, [timesteps][size]:
 *
 *     "to be or not to be"
 *     [17, 4, 4, 2]
 *     {"inputs": [[0.5, 1], [0.25, 0]], "targets": [[1], [0]]}
 *
 * Empty lines are passed over.
 *
 * @throws RivuletError `invalid-file`, naming line and column, `invalid-argument`, `empty-data`
 */
export function readJsonl(source: TextSource): Promise<readonly Examples[]>;
export function readJsonl(
  source: TextSource,
  columns: ColumnOptions & { readonly sequence: string },
): Promise<readonly Series[]>;
export function readJsonl(
  source: TextSource,
  columns: ColumnOptions & { readonly sequence?: undefined },
): Promise<Series>;
export async function readJsonl(
  source: TextSource,
  columns?: ColumnOptions,
): Promise<Series | readonly Examples[]> {
  if (!columns) return readSequences(source);
  const reader = new ColumnReader(columns);
  for await (const { value, number } of valuesOf(source)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(number, `expected an object of columns, got ${kindOf(value)}`);
    }
    reader.row(
      reader.names.map((name) => cellOf(value, name, number)),
      number,
    );
  }
  return reader.end();
}

async function readSequences(source: TextSource): Promise<readonly Examples[]> {
  const sequences: Examples[] = [];
  for await (const { value, number } of valuesOf(source)) sequences.push(examplesOf(value, number));
  if (sequences.length > 0) return sequences;
  throw new RivuletError('empty-data', 'data: expected at least one line of JSON, got none');
}

function examplesOf(value: unknown, line: number): Examples {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    const wrong = value.findIndex((token) => !(Number.isInteger(token) && token >= 0 && token < 2 ** 32));
    if (wrong < 0) return Uint32Array.from(value as number[]);
    throw malformed(
      line,
      `expected tokens, integers from 0 on, got ${kindOf(value[wrong])} at index ${wrong}`,
    );
  }
  const { inputs, targets } = Object(value) as { inputs?: unknown; targets?: unknown };
  if (Array.isArray(inputs) && Array.isArray(targets)) return { inputs, targets };
  throw malformed(
    line,
    `expected a text, an array of tokens or {"inputs": [...], "targets": [...]}, got ${kindOf(value)}`,
  );
}

async function* valuesOf(source: TextSource): AsyncGenerator<{ value: unknown; number: number }> {
  for await (const { line, number } of linesOf(source)) {
    if (line.trim() === '') continue;
    try {
      yield { value: parseStrictJson(line), number };
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw malformed(number, `not JSON: ${cause.message}`, { cause });
    }
  }
}

function cellOf(row: object, name: string, line: number): Cell {
  if (!Object.hasOwn(row, name)) {
    const known = Object.keys(row).slice(0, 16).map(show).join(', ');
    throw malformed(line, `there is no column ${show(name)}; the columns are ${known || 'none'}`);
  }
  const value = (row as Record<string, unknown>)[name];
  if (typeof value === 'number') return { number: finiteFloat32(value), text: String(value) };
  return { number: undefined, text: typeof value === 'string' ? value : (JSON.stringify(value) ?? '') };
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'an array' : show(value);
}

function malformed(line: number, what: string, options?: ErrorOptions): RivuletError {
  return new RivuletError('invalid-file', `line ${line}: ${what}`, options);
}
