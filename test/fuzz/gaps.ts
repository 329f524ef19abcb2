import { expect } from 'vitest';
import { compileWasm } from '../kernels/module.ts';

/** Bytes behind each buffer of a session. */
export const GAP = 2048;

/** A place of assembly/plan and what stands there instead. */
export type Edit = readonly [file: string, check: string, instead: string];

// Rounded to 64 bytes behind it, which the gap is a multiple of.
const BUFFER_BYTES = '(<u64>load<u32>(entry(plan, Header.Buffers, i), BufferEntry.Columns)';

/**
 * The SIMD build whose sessions have room behind each buffer that no op may touch: what leaves a buffer leaves it
 * for there, and not for another part of the session. Perhaps with a check that is broken.
 */
export async function compileWithGaps(broken?: Edit): Promise<WebAssembly.Module> {
  const edits: readonly Edit[] = [
    ['session', BUFFER_BYTES, `${GAP} + ${BUFFER_BYTES}`],
    ...(broken ? [broken] : []),
  ];
  const places = new Map<string, number>();
  const bytes = await compileWasm('assembly/infer.ts', 'simd', (source, path) => {
    let edited = source;
    for (const [file, check, instead] of edits) {
      if (!path.endsWith(`plan/${file}.ts`)) continue;
      places.set(`${file}.ts: ${check}`, edited.split(check).length - 1);
      edited = edited.replace(check, instead);
    }
    return edited;
  });
  expect([...places].filter(([, count]) => count !== 1)).toEqual([]);
  expect(places.size).toBe(edits.length);
  return new WebAssembly.Module(bytes);
}
