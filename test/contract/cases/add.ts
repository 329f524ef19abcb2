import type { Variant } from '../variant.ts';
import { elementwiseVariants } from './merging.ts';

export const add: readonly Variant[] = elementwiseVariants('add');
