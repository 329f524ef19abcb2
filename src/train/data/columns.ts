import { RivuletError, show } from '../../errors.ts';
import { checkHorizon, type Series, SeriesBuilder, type SeriesOptions } from './series.ts';

/** Which columns of a table become what. */
export interface ColumnOptions extends SeriesOptions {
  /** The columns of a timestep's input, in the order of the model's. */
  readonly inputs: string | readonly string[];
  /** The columns of what the output shall be. */
  readonly targets: string | readonly string[];
  /** For targets that are classes: what stands in their one column for class 0, 1 and so on. */
  readonly classes?: readonly string[];
  /** A column that says which sequence a row belongs to: where it changes, another begins. Without it all is one stream. */
  readonly sequence?: string;
}

/** One cell, as far as its format knows it. */
export interface Cell {
  /** Finite, rounded to float32; undefined where it is no such number. */
  readonly number: number | undefined;
  readonly text: string;
}

/** The rows of a table, whatever it is written in, to series. */
export class ColumnReader {
  /** Names of the columns that `row` takes, in its order. */
  readonly names: readonly string[];
  readonly #inputs: readonly string[];
  readonly #targets: readonly string[];
  readonly #classes: ReadonlyMap<string, number> | undefined;
  readonly #sequence: string | undefined;
  readonly #horizon: number;
  readonly #done: Series[] = [];
  #current: SeriesBuilder;
  #key: string | undefined;
  #firstLine = 0;

  /** @throws RivuletError `invalid-argument` */
  constructor({ inputs, targets, classes, sequence, horizon }: ColumnOptions) {
    this.#inputs = namesOf('inputs', inputs);
    this.#targets = namesOf('targets', targets);
    this.#sequence = sequence;
    this.#horizon = checkHorizon(horizon);
    this.#classes = classes && this.#checkClasses(classes);
    this.names = [...this.#inputs, ...this.#targets, ...(sequence === undefined ? [] : [sequence])];
    this.#current = this.#begin();
  }

  /**
   * @param cells one for each of `names`
   * @throws RivuletError `invalid-file`, naming line and column
   */
  row(cells: readonly Cell[], line: number): void {
    const count = this.#inputs.length;
    const inputs = this.#inputs.map((name, i) => numberIn(cells[i]!, name, line));
    const targets = this.#targets.map((name, i) => this.#target(cells[count + i]!, name, line));
    if (this.#sequence !== undefined) this.#follow(cells.at(-1)!.text, line);
    this.#current.add(inputs, targets);
  }

  /** @throws RivuletError `empty-data` */
  end(): Series | readonly Series[] {
    if (this.#sequence === undefined) return this.#current.end('data');
    this.#finish();
    return this.#done;
  }

  #target(cell: Cell, name: string, line: number): number {
    if (!this.#classes) return numberIn(cell, name, line);
    const label = this.#classes.get(cell.text);
    if (label !== undefined) return label;
    const known = [...this.#classes.keys()].slice(0, 16).map(show).join(', ');
    throw malformed(line, name, `one of the classes ${known}`, cell.text);
  }

  /** Begins another sequence where the column that tells them apart changes. */
  #follow(key: string, line: number): void {
    if (this.#current.rows > 0 && key !== this.#key) {
      this.#finish();
      this.#current = this.#begin();
    }
    if (this.#current.rows === 0) this.#firstLine = line;
    this.#key = key;
  }

  #finish(): void {
    this.#done.push(this.#current.end(`sequence ${show(this.#key)} from line ${this.#firstLine} on`));
  }

  #begin(): SeriesBuilder {
    return new SeriesBuilder(this.#horizon, this.#classes !== undefined);
  }

  #checkClasses(classes: readonly string[]): ReadonlyMap<string, number> {
    const labels = namesOf('classes', classes);
    if (this.#targets.length !== 1 || this.#horizon > 0) {
      throw new RivuletError(
        'invalid-argument',
        `classes stand in one column of targets without a horizon, got ${this.#targets.length} columns` +
          `${this.#horizon > 0 ? ` and a horizon of ${this.#horizon}` : ''}`,
      );
    }
    return new Map(labels.map((label, index) => [label, index]));
  }
}

function numberIn({ number, text }: Cell, column: string, line: number): number {
  if (number !== undefined) return number;
  throw malformed(line, column, 'a finite float32', text);
}

function malformed(line: number, column: string, expected: string, text: string): RivuletError {
  const got = text.trim() === '' ? 'an empty cell: fill it, or leave the row out' : show(text);
  return new RivuletError(
    'invalid-file',
    `line ${line}, column ${show(column)}: expected ${expected}, got ${got}`,
  );
}

function namesOf(option: string, value: string | readonly string[]): readonly string[] {
  const names = typeof value === 'string' ? [value] : value;
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')) {
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice === undefined) return names;
    throw new RivuletError('invalid-argument', `${option}: ${show(twice)} is named twice`);
  }
  throw new RivuletError('invalid-argument', `${option} must be names, at least one, got ${show(value)}`);
}
