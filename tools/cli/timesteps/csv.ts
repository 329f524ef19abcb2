import type { Model } from '../../../src/index.ts';
import { cellsOf } from '../../../src/train/data/csv-records.ts';
import { parseFloat32 } from '../../../src/train/data/numbers.ts';
import { lineReader } from './lines.ts';
import { malformed, onlyInput, type TimestepReader } from './reader.ts';

/** A timestep a line: the values of the input separated by commas, or a token. No header. */
export function csvReader(model: Model): TimestepReader {
  const { kind, size } = onlyInput(model, 'csv');
  const columns = kind === 'tokens' ? 1 : size;
  return lineReader((line, lineNumber) => {
    const fields = cellsOf(line, lineNumber);
    if (fields.length < columns || line.trim() === '') {
      const count = line.trim() === '' ? 0 : fields.length;
      throw malformed(`line ${lineNumber}, column ${count + 1}`, `${columns} values`, `a line of ${count}`);
    }
    if (fields.length > columns) {
      throw malformed(
        `line ${lineNumber}, column ${columns + 1}`,
        `the line to end after ${columns} values`,
        `${fields.length}`,
      );
    }
    const values = Float32Array.from(fields, (field, i) => readNumber(field.trim(), lineNumber, i + 1));
    // A token comes as it is: where it is no integer below the vocabulary, the model says so.
    return kind === 'tokens' ? Number(fields[0]) : values;
  });
}

function readNumber(field: string, line: number, column: number): number {
  const value = parseFloat32(field);
  if (value !== undefined) return value;
  const hint = line === 1 && /[a-z]/i.test(field) ? ' (leave out a header: tail -n +2)' : '';
  throw malformed(`line ${line}, column ${column}`, 'a finite float32', `${quote(field)}${hint}`);
}

function quote(field: string): string {
  return JSON.stringify(field.length > 40 ? `${field.slice(0, 40)}…` : field);
}
