import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import type { Fingerprint } from '../plan/place.ts';
import { writeAdapter } from './file.ts';
import type { Factors, LowRank } from './low-rank.ts';
import { layersOf } from './matrices.ts';

/** What an adapter is made of, and which model it is for. */
export interface AdapterParts extends LowRank {
  readonly base: Fingerprint;
  /** The names of the layers that it changes. */
  readonly layers: readonly string[];
}

/**
 * A low-rank adapter (LoRA; Hu et al. 2021) of one model: W' = W + (alpha / rank) B A for some of its matrices. Made by
 * `fineTune` with `adapters`, or by `loadAdapter`; a session takes it beside the weights that all sessions share, and
 * `mergeAdapter` makes a model of both.
 */
export class Adapter implements AdapterParts {
  readonly rank: number;
  readonly alpha: number;
  readonly base: Fingerprint;
  readonly layers: readonly string[];
  readonly factors: ReadonlyMap<string, Factors>;

  /** @internal */
  constructor({ rank, alpha, base, layers, factors }: AdapterParts) {
    this.rank = rank;
    this.alpha = alpha;
    this.base = base;
    this.layers = layers;
    this.factors = factors;
  }

  get parameterCount(): number {
    let count = 0;
    for (const { a, b } of this.factors.values()) count += a.data.length + b.data.length;
    return count;
  }

  /** A safetensors file, which `loadAdapter` reads; the same adapter always gives the same bytes. */
  toBytes(): Uint8Array {
    return writeAdapter(this);
  }
}

/** What was trained on a model, as an adapter of it. */
export function adapterOf(
  { definition, fingerprint }: { readonly definition: ModelDefinition; readonly fingerprint: Fingerprint },
  trained: LowRank,
): Adapter {
  return new Adapter({ ...trained, base: fingerprint, layers: layersOf(definition, trained.factors.keys()) });
}

/** @throws RivuletError `invalid-argument`, and `adapter-mismatch` for one of another model */
export function requireAdapterOf(base: Fingerprint, adapter: unknown): asserts adapter is Adapter {
  if (!(adapter instanceof Adapter)) {
    throw new RivuletError(
      'invalid-argument',
      `an adapter comes from fineTune or loadAdapter, got ${show(adapter)}`,
    );
  }
  const part = (['shape', 'weights'] as const).find((each) => adapter.base[each] !== base[each]);
  if (part === undefined) return;
  throw new RivuletError(
    'adapter-mismatch',
    `the adapter was trained on a model of ${part} ${adapter.base[part]}, and this one has ${base[part]}: ` +
      'use it with the model that it was trained on',
  );
}
