import type { BenchCase } from './cases.ts';

/** How many times a prototype's time a step may take at most; nothing where no bar is set. */
export function barOf({
  cell,
  weights,
  size,
}: Pick<BenchCase, 'cell' | 'weights' | 'size'>): number | undefined {
  if (size >= 64) return 1.2;
  if (cell === 'lstm' && weights === 'int8' && size === 16) return 1.5;
  return undefined;
}
