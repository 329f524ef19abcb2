import type { Variant } from '../variant.ts';
import { pairVariants } from './merging.ts';

/** By values between 0 and 1, none of them near 0. */
export const div: readonly Variant[] = pairVariants('div', 'sigmoid');
