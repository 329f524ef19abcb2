import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, SHARED } from '../root.ts';

/** One folder of the kernel study, whose files `sources` make one module. */
export interface Study {
  readonly folder: string;
  readonly sources: readonly string[];
  /** The one of `sources` that writes the entry, run in the folder. */
  readonly generator?: string;
  readonly entry: string;
  /** As in the study's build.sh. */
  readonly flags: string;
}

export const STEPS: Study = {
  folder: 'batch-sparse-sequence',
  sources: ['gen_cells2.mjs', 'as/act.ts'],
  generator: 'gen_cells2.mjs',
  entry: 'as/cells2_gen.ts',
  flags: '-O3 --noAssert --runtime stub --enable simd --initialMemory 6144',
};

export const TRAINING: Study = {
  folder: 'bptt',
  sources: ['as/bptt.ts', 'as/gemm.ts', 'as/ops.ts'],
  entry: 'as/bptt.ts',
  flags: '-O3 --noAssert --runtime stub --enable simd --initialMemory 4096',
};

const OUTPUT = 'prototypes.wasm';

/** Why the prototypes cannot be built here; nothing where they can. */
export function prototypesMissing(study: Study): string | undefined {
  const source = sourceOf(study);
  if (existsSync(new URL(study.sources[0]!, source))) return undefined;
  return `the prototypes of the kernel study are not at ${fileURLToPath(source)} (RIVULET_SHARED says where)`;
}

/** The prototypes' module, compiled by this project's compiler from a copy of their sources, unchanged. */
export function buildPrototypes(study: Study): Uint8Array<ArrayBuffer> {
  const copy = copyOf(study);
  if (!isUpToDate(study)) {
    rmSync(copy, { recursive: true, force: true });
    for (const file of study.sources) {
      const target = fileURLToPath(new URL(file, copy));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(new URL(file, sourceOf(study)), target);
    }
    const run = (...args: string[]) =>
      execFileSync(process.execPath, args, { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] });
    if (study.generator !== undefined) run(study.generator);
    const compiler = fileURLToPath(new URL('node_modules/assemblyscript/bin/asc.js', ROOT));
    run(compiler, study.entry, '-o', OUTPUT, ...study.flags.split(' '));
  }
  return new Uint8Array(readFileSync(new URL(OUTPUT, copy)));
}

function sourceOf({ folder }: Study): URL {
  return new URL(`kernel-study/${folder}/`, SHARED);
}

function copyOf({ folder }: Study): URL {
  return new URL(`build/kernel-study/${folder}/`, ROOT);
}

function isUpToDate(study: Study): boolean {
  const copy = copyOf(study);
  if (!existsSync(new URL(OUTPUT, copy))) return false;
  return study.sources.every((file) =>
    readFileSync(new URL(file, sourceOf(study))).equals(readFileSync(new URL(file, copy))),
  );
}
