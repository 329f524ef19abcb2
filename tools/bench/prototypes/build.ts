import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT, SHARED } from '../root.ts';

const SOURCE = new URL('kernel-study/batch-sparse-sequence/', SHARED);
const COPY = new URL('build/kernel-study/', ROOT);
const GENERATOR = 'gen_cells2.mjs';
const LIBRARY = 'as/act.ts';
const OUTPUT = 'cells2.wasm';

/** As in the study's build.sh. */
const FLAGS = '-O3 --noAssert --runtime stub --enable simd --initialMemory 6144';

/** Why the prototypes cannot be built here; nothing where they can. */
export function prototypesMissing(): string | undefined {
  if (existsSync(new URL(GENERATOR, SOURCE))) return undefined;
  return `the prototypes of the kernel study are not at ${fileURLToPath(SOURCE)} (RIVULET_SHARED says where)`;
}

/** The prototypes' module, compiled by this project's compiler from a copy of their sources, unchanged. */
export function buildPrototypes(): Uint8Array<ArrayBuffer> {
  if (!isUpToDate()) {
    rmSync(COPY, { recursive: true, force: true });
    mkdirSync(new URL('as/', COPY), { recursive: true });
    for (const file of [GENERATOR, LIBRARY]) cpSync(new URL(file, SOURCE), new URL(file, COPY));
    run(GENERATOR);
    const compiler = fileURLToPath(new URL('node_modules/assemblyscript/bin/asc.js', ROOT));
    run(compiler, 'as/cells2_gen.ts', '-o', OUTPUT, ...FLAGS.split(' '));
  }
  return new Uint8Array(readFileSync(new URL(OUTPUT, COPY)));
}

function isUpToDate(): boolean {
  if (!existsSync(new URL(OUTPUT, COPY))) return false;
  return [GENERATOR, LIBRARY].every((file) =>
    readFileSync(new URL(file, SOURCE)).equals(readFileSync(new URL(file, COPY))),
  );
}

function run(...args: string[]): void {
  execFileSync(process.execPath, args, { cwd: fileURLToPath(COPY), stdio: ['ignore', 'ignore', 'inherit'] });
}
