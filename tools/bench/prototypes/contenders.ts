import type { BenchCase } from '../cases.ts';
import type { Contender } from '../contender.ts';
import { gruFloat32, gruInt8 } from './gru.ts';
import { lstmFloat32, lstmInt8 } from './lstm.ts';
import type { PrototypeModule } from './module.ts';

interface Prototype {
  readonly make: (module: PrototypeModule, benchCase: BenchCase) => Contender;
  /** What a reader of the comparison should know. */
  readonly note?: string;
}

const PROTOTYPES: Readonly<Record<BenchCase['cell'], Readonly<Record<BenchCase['weights'], Prototype>>>> = {
  lstm: { float32: { make: lstmFloat32 }, int8: { make: lstmInt8 } },
  gru: {
    float32: { make: gruFloat32 },
    int8: {
      make: gruInt8,
      note:
        'GRU int8: the only prototype there is shares one scale between x and h, which is less work and less ' +
        'exact; Rivulet quantizes them apart, as everywhere',
    },
  },
};

/** The blocks of the prototypes' loops: other sizes have none. */
export const PROTOTYPE_MULTIPLE = 16;

/** The prototype of a case, alone in its module's memory; nothing where there is none of its size. */
export function prototypeContender(module: PrototypeModule, benchCase: BenchCase): Contender | undefined {
  if (benchCase.size % PROTOTYPE_MULTIPLE !== 0) return undefined;
  module.reset();
  return PROTOTYPES[benchCase.cell][benchCase.weights].make(module, benchCase);
}

export function prototypeNote({ cell, weights }: Pick<BenchCase, 'cell' | 'weights'>): string | undefined {
  return PROTOTYPES[cell][weights].note;
}
