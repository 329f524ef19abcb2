import { RivuletError, show } from '../../errors.ts';
import { finiteFloat32 } from './numbers.ts';
import { checkHorizon, type Series, SeriesBuilder, type SeriesOptions } from './series.ts';

/** What a stream gives at once: the input of a timestep, and what the output shall be. */
export interface Reading {
  readonly inputs: number | ArrayLike<number>;
  readonly targets: number | ArrayLike<number>;
}

export interface CollectOptions extends SeriesOptions {
  /** After so many readings the stream is let go; by default it is read to its end. */
  readonly readings?: number;
}

/**
 * Readings of a sensor, a socket or a database, as they arrive, as training data:
 *
 *     const data = await collect(readings(), { horizon: 12, readings: 10_000 });
 *
 * @throws RivuletError `invalid-argument`, `wrong-length`, `non-finite-input`, `invalid-target`, naming the reading, from 0
 * on; `empty-data`
 */
export async function collect(
  source: AsyncIterable<Reading> | Iterable<Reading>,
  { readings = Infinity, horizon }: CollectOptions = {},
): Promise<Series> {
  const builder = new SeriesBuilder(checkHorizon(horizon), false);
  const sizes = { inputs: 0, targets: 0 };
  for await (const reading of source) {
    const place = `reading ${builder.rows}`;
    const [inputs, targets] = (['inputs', 'targets'] as const).map((what) => {
      const values = valuesOf(reading, what, place);
      if (builder.rows === 0) sizes[what] = values.length;
      if (values.length === sizes[what]) return values;
      throw new RivuletError(
        'wrong-length',
        `${place}: ${what}: expected ${sizes[what]} values as reading 0 has, got ${values.length}`,
      );
    });
    builder.add(inputs!, targets!);
    if (builder.rows >= readings) break;
  }
  return builder.end('data');
}

function valuesOf(reading: Reading, what: keyof Reading, place: string): ArrayLike<number> {
  const given = (reading as Reading | undefined)?.[what];
  const values = typeof given === 'number' ? [given] : given;
  if (typeof values !== 'object' || values === null || !(values.length > 0)) {
    throw new RivuletError(
      'invalid-argument',
      `${place}: ${what} must be a number or an array of numbers, got ${show(given)}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (typeof values[i] === 'number' && finiteFloat32(values[i]!) !== undefined) continue;
    throw new RivuletError(
      what === 'inputs' ? 'non-finite-input' : 'invalid-target',
      `${place}: ${what}: every value must be a finite float32, got ${show(values[i])} at index ${i}`,
    );
  }
  return values;
}
