import { features, type Variant, variant } from '../variant.ts';

const of = (size: number, roles: readonly ('weight' | 'bias')[]): Variant =>
  variant(`of ${size} with ${roles.join(' and ') || 'neither'}`, features(3), (draft) => {
    draft.dense('lead', 3, size);
    const tensors = Object.fromEntries(
      roles.map((role) => [role, draft.tensor(role, [size], 0.5, role === 'weight' ? 1 : 0)]),
    );
    draft.add({ type: 'affine', name: 'node', input: draft.last, tensors });
  });

export const affine: readonly Variant[] = [
  ...[1, 7, 16, 33].map((size) => of(size, ['weight', 'bias'])),
  of(17, ['weight']),
  of(17, ['bias']),
  of(17, []),
];
