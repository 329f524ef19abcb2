import { type Draft, features, type Variant, variant } from '../variant.ts';

type Layout = 'channels-last' | 'channels-first';

const of = (
  size: number,
  channels: number,
  layout: Layout | undefined,
  roles: readonly ('weight' | 'bias')[],
  epsilon?: number,
): Variant => {
  const name = `${size} of ${channels} channels, ${layout ?? 'as it is'}, ${roles.join(' and ') || 'neither'}`;
  return variant(`${name}${epsilon ? `, ${epsilon}` : ''}`, features(3), (draft) => {
    draft.dense('lead', 3, size);
    const tensors = { ...statistics(draft, channels), ...given(draft, channels, roles) };
    const more = { ...(layout && { layout }), ...(epsilon && { epsilon }) };
    draft.add({ type: 'batchnorm', name: 'node', input: draft.last, tensors, ...more });
    draft.dense('head', size, 3);
  });
};

function statistics(draft: Draft, channels: number) {
  return {
    running_mean: draft.tensor('running_mean', [channels], 0.5),
    running_var: draft.tensor('running_var', [channels], 0.5, 1),
  };
}

function given(draft: Draft, channels: number, roles: readonly ('weight' | 'bias')[]) {
  return Object.fromEntries(roles.map((role) => [role, draft.tensor(role, [channels], 0.5, 1)]));
}

export const batchnorm: readonly Variant[] = [
  of(1, 1, undefined, ['weight', 'bias']),
  of(17, 17, undefined, ['weight', 'bias']),
  of(21, 3, 'channels-last', ['weight', 'bias'], 1e-2),
  of(21, 3, 'channels-first', ['weight', 'bias']),
  of(33, 11, 'channels-first', ['weight']),
  of(33, 11, undefined, ['bias'], 1e-3),
  of(7, 7, 'channels-last', []),
];
