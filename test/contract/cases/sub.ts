import type { Variant } from '../variant.ts';
import { pairVariants } from './merging.ts';

export const sub: readonly Variant[] = pairVariants('sub', 'tanh');
