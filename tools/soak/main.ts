// `npm run soak`: each fuzzer over 100,000 mutants, on the SIMD build.
//
//   RIVULET_SEED=7 npm run soak     with a seed of one's own; it is printed, and by default a new one each time
//   RIVULET_MUTANTS=1000000 …       more
//
// Progress stands in build/soak: what was interrupted goes on where it was, unless seed, count or build changed.

import { createHash, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runFarm } from '../../test/fuzz/farm.ts';
import { countPastHeader, FUZZERS, type Fuzzer } from '../../test/fuzz/fuzzers.ts';

const FOLDER = resolve('build/soak');
const SLICE = 1000;

interface Progress {
  /** SHA-256 of the module at test. */
  readonly build: string;
  readonly seed: number;
  readonly mutants: number;
  done: number;
  readonly outcomes: Record<string, number>;
  readonly failures: string[];
}

const bytes = readFileSync('dist/wasm/infer.simd.wasm');
const module = new WebAssembly.Module(bytes);
const build = createHash('sha256').update(bytes).digest('hex');
const mutants = numberFrom('RIVULET_MUTANTS') ?? 100_000;

for (const fuzzer of FUZZERS) {
  const progress = resume(fuzzer) ?? begin();
  console.log(
    `${fuzzer.name}: seed ${progress.seed}, ${mutants} mutants, ${progress.done} of them done before`,
  );
  while (progress.done < mutants) {
    await runSlice(fuzzer, progress);
    save(fuzzer, progress);
    if (progress.done % (10 * SLICE) === 0) console.log(`${fuzzer.name}: ${progress.done}`);
  }
  report(fuzzer, progress);
}

async function runSlice(fuzzer: Fuzzer, progress: Progress): Promise<void> {
  const { outcomes, failures } = await runFarm({
    worker: fuzzer.worker,
    data: fuzzer.data(module),
    seed: progress.seed,
    from: progress.done,
    to: Math.min(progress.done + SLICE, mutants),
  });
  for (const [outcome, count] of Object.entries(outcomes)) {
    progress.outcomes[outcome] = (progress.outcomes[outcome] ?? 0) + count;
  }
  for (const failure of failures) console.log(`${fuzzer.name}: FAILURE: ${failure}`);
  progress.failures.push(...failures);
  progress.done = Math.min(progress.done + SLICE, mutants);
}

function report(fuzzer: Fuzzer, { outcomes, failures, seed }: Progress): void {
  const { past, all } = countPastHeader(fuzzer, outcomes);
  const share = past / all;
  const good = failures.length === 0 && all === mutants && share >= fuzzer.leastPastHeader;
  console.log(`${fuzzer.name}: ${past} of ${all} (${(100 * share).toFixed(1)} %) got past the header`);
  for (const [outcome, count] of Object.entries(outcomes).sort(([, a], [, b]) => b - a))
    console.log(`  ${outcome}: ${count}`);
  console.log(`${fuzzer.name}: ${good ? 'passed' : 'FAILED'}, ${failures.length} failures, seed ${seed}`);
  if (!good) process.exitCode = 1;
}

function begin(): Progress {
  const seed = numberFrom('RIVULET_SEED') ?? randomInt(2 ** 31);
  return { build, seed, mutants, done: 0, outcomes: {}, failures: [] };
}

/** What an earlier run left unfinished, if this one would do the same. */
function resume(fuzzer: Fuzzer): Progress | undefined {
  let progress: Progress;
  try {
    progress = JSON.parse(readFileSync(pathOf(fuzzer), 'utf8')) as Progress;
  } catch {
    return undefined; // none, or one that cannot be read
  }
  const seed = numberFrom('RIVULET_SEED') ?? progress.seed;
  const same = progress.build === build && progress.mutants === mutants && progress.seed === seed;
  return same && progress.done < mutants ? progress : undefined;
}

/** Written aside and renamed, so that an interruption leaves the old or the new. */
function save(fuzzer: Fuzzer, progress: Progress): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${pathOf(fuzzer)}.new`, JSON.stringify(progress));
  renameSync(`${pathOf(fuzzer)}.new`, pathOf(fuzzer));
}

function pathOf(fuzzer: Fuzzer): string {
  return join(FOLDER, `${fuzzer.name}.json`);
}

function numberFrom(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${variable} must be an integer, got ${text}`);
  return value;
}
