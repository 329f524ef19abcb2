import { features, type Variant, variant } from '../variant.ts';

const of = (size: number, roles: readonly ('weight' | 'bias')[], epsilon?: number): Variant =>
  variant(
    `of ${size} with ${roles.join(' and ') || 'neither'}${epsilon ? `, ${epsilon}` : ''}`,
    features(3),
    (draft) => {
      draft.dense('lead', 3, size);
      const tensors = Object.fromEntries(
        roles.map((role) => [role, draft.tensor(role, [size], 0.5, role === 'weight' ? 1 : 0)]),
      );
      draft.add({ type: 'layernorm', name: 'node', input: draft.last, tensors, ...(epsilon && { epsilon }) });
    },
  );

export const layernorm: readonly Variant[] = [
  ...[3, 7, 16, 17, 33].map((size) => of(size, ['weight', 'bias'], 1e-2)),
  of(17, ['weight', 'bias']),
  of(17, ['weight']),
  of(17, ['bias']),
  of(17, [], 1e-3),
  variant('between cells', features(3), (draft) => {
    draft.cell('gru', 'lower', 3, 7, { resetAfter: true });
    const tensors = { weight: draft.tensor('weight', [7], 0.5, 1), bias: draft.tensor('bias', [7], 0.5) };
    draft.add({ type: 'layernorm', name: 'node', input: 'lower', tensors, epsilon: 1e-2 });
    draft.cell('lstm', 'upper', 7, 17, {});
  }),
];
