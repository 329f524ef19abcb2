import { type Fields, readFields } from '../graph/fields.ts';
import { number, type Range } from './ranges.ts';

/** What dropout (Srivastava et al. 2014) leaves out while training; what is kept is scaled up to make up for it. */
export interface DropoutOptions {
  /** The share of what goes into the layers below the head, 0 … 0.9 (default 0); never of what the model itself is given. */
  readonly inputs?: number;
  /** The share of what the head reads, the layers behind the last recurrent one: 0 … 0.9 (default 0). */
  readonly outputs?: number;
  /**
   * All timesteps of a window lose the same values of a stream (Gal and Ghahramani 2016), also at the model's own dropout
   * nodes, instead of each others of its own (default false).
   */
  readonly variational?: boolean;
}

export type ResolvedDropout = Required<DropoutOptions>;

const NO_DROPOUT: ResolvedDropout = { inputs: 0, outputs: 0, variational: false };

const SHARE: Range = ['from 0 to 0.9', (x) => x >= 0 && x <= 0.9];

/** The field `dropout`: a share for inputs and outputs alike, or what is dropped where. */
export function readDropout(fields: Fields): number | ResolvedDropout {
  const value = fields.value('dropout') ?? 0;
  if (typeof value !== 'object') return number(fields, 'dropout', 0, SHARE);
  return readFields(value, `${fields.place}: dropout`, 'invalid-argument', (dropout) => ({
    inputs: number(dropout, 'inputs', 0, SHARE),
    outputs: number(dropout, 'outputs', 0, SHARE),
    variational: dropout.has('variational') ? dropout.boolean('variational') : false,
  }));
}

/** What a share, or an object of checked options, leaves out where. */
export function resolveDropout(dropout: number | DropoutOptions): ResolvedDropout {
  if (typeof dropout === 'number') return { ...NO_DROPOUT, inputs: dropout, outputs: dropout };
  return { ...NO_DROPOUT, ...dropout };
}
