import { RivuletError } from '../../errors.ts';
import type { FrameLayout } from '../definition.ts';
import type { Fields } from '../fields.ts';
import { MAX_SIZE } from '../limits.ts';

const LAYOUTS: readonly FrameLayout[] = ['channels-last', 'channels-first'];

/** The integer options of a node that are there; a kernel, stride or dilation is at least 1. */
export function parseSizes<R extends string>(fields: Fields, ...names: readonly R[]): { [N in R]?: number } {
  const given = names.filter((name) => fields.has(name));
  const sizes = given.map((name) => [name, fields.integer(name, name === 'padding' ? 0 : 1, MAX_SIZE)]);
  return Object.fromEntries(sizes) as { [N in R]?: number };
}

export function parseLayout(fields: Fields): { readonly layout?: FrameLayout } {
  return fields.has('layout') ? { layout: fields.oneOf('layout', LAYOUTS) } : {};
}

/**
 * Vectors of `channels` values in `size` values.
 *
 * @throws RivuletError `wrong-shape`
 */
export function vectorsIn(place: string, size: number, channels: number): number {
  if (size % channels === 0) return size / channels;
  throw new RivuletError(
    'wrong-shape',
    `${place}: it has ${channels} channels, but reads ${size} values; expected a multiple of ${channels}`,
  );
}

export interface Positions {
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly padding?: number;
}

/**
 * Positions of a kernel in a frame `width` wide: PyTorch's formula.
 *
 * @throws RivuletError `wrong-shape` where the kernel is longer than the frame
 */
export function positionsIn(place: string, width: number, positions: Positions): number {
  const { kernel, stride = 1, dilation = 1, padding = 0 } = positions;
  const span = (kernel - 1) * dilation + 1;
  const padded = width + 2 * padding;
  if (span <= padded) return Math.floor((padded - span) / stride) + 1;
  throw new RivuletError(
    'wrong-shape',
    `${place}: its kernel of ${kernel} spans ${span} positions, but the frame has ${padded}: ` +
      `${width} and twice a padding of ${padding}; pad more, or take a smaller kernel or dilation`,
  );
}
