// Comma-separated values by RFC 4180: records of cells, one a line. A cell in quotes may hold delimiters, line ends and
// quotes, each of these written twice. A line ends with CR LF or LF.

import { RivuletError } from '../../errors.ts';

export interface CsvRecord {
  readonly cells: readonly string[];
  /** Of its beginning, counted from 1; a cell may hold line ends. */
  readonly line: number;
}

/**
 * Where in a cell a text is. `quote`: behind a quote within quotes, which is the end of the cell or the first of two that
 * stand for one. `closed`: behind that end and a CR.
 */
type Place = 'beginning' | 'unquoted' | 'quoted' | 'quote' | 'closed';

/** A text in chunks of any size, to records; nothing is kept but an unfinished record. */
export class CsvRecords {
  readonly #delimiter: string;
  #cells: string[] = [];
  #cell = '';
  #place: Place = 'beginning';
  #line: number;
  #firstLine: number;

  /**
   * @param delimiter one character
   * @param line the number of the first
   */
  constructor(delimiter = ',', line = 1) {
    this.#delimiter = delimiter;
    this.#line = line;
    this.#firstLine = line;
  }

  /** @throws RivuletError `invalid-file`, naming the line */
  *push(text: string): Generator<CsvRecord> {
    for (let i = 0; i < text.length; ) {
      if (this.#place === 'quoted') {
        i = this.#takeQuoted(text, i);
        continue;
      }
      const character = text[i]!;
      if (character === this.#delimiter) {
        this.#endCell();
        i++;
      } else if (character === '\n') {
        yield this.#endRecord();
        i++;
      } else if (character === '"') {
        this.#takeQuote();
        i++;
      } else {
        i = this.#takeUnquoted(text, i);
      }
    }
  }

  /** The last record, where no line end follows it. */
  *end(): Generator<CsvRecord> {
    if (this.#place === 'quoted') {
      throw malformed(this.#firstLine, 'a quote is opened, and the text ends before it is closed');
    }
    if (this.#cells.length > 0 || this.#place !== 'beginning') yield this.#endRecord();
  }

  #takeQuote(): void {
    if (this.#place === 'unquoted' || this.#place === 'closed') {
      const before = JSON.stringify(this.#cell.slice(0, 40));
      throw malformed(
        this.#line,
        `a quote behind ${before}: put the whole cell in quotes, and write the quote in it twice`,
      );
    }
    if (this.#place === 'quote') this.#cell += '"';
    this.#place = 'quoted';
  }

  /** Up to the next quote. */
  #takeQuoted(text: string, from: number): number {
    const quote = text.indexOf('"', from);
    const to = quote < 0 ? text.length : quote;
    for (let i = text.indexOf('\n', from); i >= 0 && i < to; i = text.indexOf('\n', i + 1)) this.#line++;
    this.#cell += text.slice(from, to);
    if (quote >= 0) this.#place = 'quote';
    return to + 1;
  }

  /** Up to the next delimiter, line end or quote. */
  #takeUnquoted(text: string, from: number): number {
    let to = from;
    while (to < text.length && text[to] !== this.#delimiter && text[to] !== '\n' && text[to] !== '"') to++;
    const taken = text.slice(from, to);
    if (this.#place === 'quote' && taken === '\r') {
      this.#place = 'closed';
      return to;
    }
    if (this.#place === 'quote' || this.#place === 'closed') {
      throw malformed(
        this.#line,
        `${JSON.stringify(taken.slice(0, 40))} behind a closed quote: write a quote within quotes twice`,
      );
    }
    this.#cell += taken;
    this.#place = 'unquoted';
    return to;
  }

  #endCell(): void {
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#place = 'beginning';
  }

  #endRecord(): CsvRecord {
    if (this.#place === 'unquoted' && this.#cell.endsWith('\r')) this.#cell = this.#cell.slice(0, -1);
    this.#endCell();
    const record = { cells: this.#cells, line: this.#firstLine };
    this.#cells = [];
    this.#firstLine = ++this.#line;
    return record;
  }
}

/**
 * The cells of a line that stands alone, without its end.
 *
 * @throws RivuletError `invalid-file`, naming the line by its number
 */
export function cellsOf(line: string, number: number): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  const records = new CsvRecords(',', number);
  return [...records.push(line), ...records.end()][0]!.cells;
}

function malformed(line: number, what: string): RivuletError {
  return new RivuletError('invalid-file', `line ${line}: ${what}`);
}
