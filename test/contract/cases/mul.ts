import type { Variant } from '../variant.ts';
import { elementwiseVariants } from './merging.ts';

export const mul: readonly Variant[] = elementwiseVariants('mul');
