/** Builds of the training module with terms of its source changed: who does not notice them checks nothing. */
import { expect } from 'vitest';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { compileWasm } from '../kernels/module.ts';

export interface Break {
  /** The end of a path in assembly/. */
  readonly file: string;
  readonly term: string;
  readonly broken: string;
}

/** The SIMD build with all of them; a term that is not in its file any more fails the test. */
export async function compileBroken(breaks: readonly Break[]): Promise<Runtime> {
  const found = new Set<Break>();
  const edit = (source: string, path: string) =>
    breaks.reduce((text, each) => {
      if (!path.endsWith(each.file) || !text.includes(each.term)) return text;
      found.add(each);
      return text.replaceAll(each.term, each.broken);
    }, source);
  const bytes = await compileWasm('assembly/train.ts', 'simd', edit);
  expect(
    breaks.filter((each) => !found.has(each)),
    'terms that are no longer in their files',
  ).toEqual([]);
  return createRuntimeSync(new WebAssembly.Module(bytes));
}
