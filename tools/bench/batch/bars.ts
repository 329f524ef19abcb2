import type { BenchCase } from '../cases.ts';

/** Streams of a batch. */
export const STREAMS = 16;

/**
 * How many steps of one stream a step of the batch may take at most. Where the cache holds the weights, a product is
 * bound by its multiplications, and a batch saves loads alone; beyond it, a batch reads the weights once.
 */
export function batchBar({ cell, weights, size }: Pick<BenchCase, 'cell' | 'weights' | 'size'>): number {
  if (cell === 'lstm' && weights === 'int8' && size === 128) return 15;
  if (cell === 'lstm' && weights === 'float32' && size === 256) return 15;
  if (cell === 'lstm' && weights === 'float32' && size === 1024) return 10;
  return STREAMS;
}
