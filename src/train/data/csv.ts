import { RivuletError, show } from '../../errors.ts';
import { type Cell, type ColumnOptions, ColumnReader } from './columns.ts';
import { type CsvRecord, CsvRecords } from './csv-records.ts';
import { parseFloat32 } from './numbers.ts';
import type { Series } from './series.ts';
import { type TextSource, textChunks } from './source.ts';

export interface CsvOptions extends ColumnOptions {
  /** One character between two cells (default a comma). */
  readonly delimiter?: string;
  /** The names of all columns, of a table whose first line is a row; by default the first line has them. */
  readonly header?: readonly string[];
}

/**
 * A table of comma-separated values (RFC 4180) as training data, a row a timestep:
 *
 *     const data = await readCsv(file, { inputs: ['load', 'temperature'], targets: 'temperature', horizon: 24 });
 *
 * Columns that are not named are not looked at. Nothing is guessed: a cell that is empty or no finite number is refused,
 * as is a row of another number of cells.
 *
 * @returns one stream, or with `sequence` a list of sequences
 * @throws RivuletError `invalid-file`, naming line and column, `invalid-argument` (options, a column that is not there),
 * `empty-data`
 */
export function readCsv(
  source: TextSource,
  options: CsvOptions & { readonly sequence: string },
): Promise<readonly Series[]>;
export function readCsv(
  source: TextSource,
  options: CsvOptions & { readonly sequence?: undefined },
): Promise<Series>;
export async function readCsv(
  source: TextSource,
  { delimiter = ',', header, ...columns }: CsvOptions,
): Promise<Series | readonly Series[]> {
  checkDelimiter(delimiter);
  const table = new Table(new ColumnReader(columns), header);
  const records = new CsvRecords(delimiter);
  for await (const text of textChunks(source)) for (const record of records.push(text)) table.take(record);
  for (const record of records.end()) table.take(record);
  return table.end();
}

/** Records to rows of the columns that are wanted. */
class Table {
  readonly #reader: ColumnReader;
  #header: readonly string[] | undefined;
  #wanted: readonly number[] = [];
  #emptyLine = 0;

  constructor(reader: ColumnReader, header: readonly string[] | undefined) {
    this.#reader = reader;
    if (header) this.#begin(header);
  }

  take({ cells, line }: CsvRecord): void {
    if (!this.#header) {
      this.#begin(cells);
      return;
    }
    // Empty lines behind the last row are common and mean nothing; one between two rows may be a row that is lost.
    if (cells.length === 1 && cells[0] === '') {
      this.#emptyLine ||= line;
      return;
    }
    if (this.#emptyLine > 0) {
      throw new RivuletError(
        'invalid-file',
        `line ${this.#emptyLine} is empty, and rows follow it: remove it`,
      );
    }
    if (cells.length !== this.#header.length) {
      throw new RivuletError(
        'invalid-file',
        `line ${line}: expected ${this.#header.length} cells as there are columns, got ${cells.length}`,
      );
    }
    this.#reader.row(
      this.#wanted.map((column) => cellOf(cells[column]!)),
      line,
    );
  }

  end(): Series | readonly Series[] {
    return this.#reader.end();
  }

  #begin(header: readonly string[]): void {
    this.#header = header;
    this.#wanted = this.#reader.names.map((name) => {
      const column = header.indexOf(name);
      if (column >= 0 && header.indexOf(name, column + 1) < 0) return column;
      const known = header.slice(0, 16).map(show).join(', ');
      throw new RivuletError(
        'invalid-argument',
        column < 0
          ? `there is no column ${show(name)}; the columns are ${known}`
          : `two columns are called ${show(name)}: give names of all columns as header`,
      );
    });
  }
}

function cellOf(text: string): Cell {
  return { text, number: parseFloat32(text) };
}

function checkDelimiter(delimiter: string): void {
  if (typeof delimiter === 'string' && delimiter.length === 1 && !'"\r\n'.includes(delimiter)) return;
  throw new RivuletError(
    'invalid-argument',
    `delimiter must be one character, no quote and no line end, got ${show(delimiter)}`,
  );
}
