// `npm run soak`: each fuzzer over 100,000 mutants, on the SIMD build.
//
//   RIVULET_SEED=7 npm run soak     with a seed of one's own; by default each run has a new one; it is printed
//   RIVULET_MUTANTS=1000000 …       more
//
// A run that was interrupted goes on where it was, unless seed, count, module or fuzzers changed. Exits with 1 where a
// mutant broke a promise, or too few got past the header.

import { createHash, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleWorker, runFarm } from '../../test/fuzz/farm.ts';
import { countPastHeader, FUZZERS, type Fuzzer } from '../../test/fuzz/fuzzers.ts';
import { emptyTally, loadRun, type Run, saveRun, type Tally } from './progress.ts';

const SLICE = 1000;
/** So many failures of a fuzzer are enough to look at. */
const ENOUGH = 20;
const FILE = 'build/soak/progress.json';

const bytes = readFileSync('dist/wasm/infer.simd.wasm');
const module = new WebAssembly.Module(bytes);
const run = await begin();

console.log(`${run.mutants} mutants each, seed ${run.seed}`);
for (const fuzzer of FUZZERS) {
  run.tallies[fuzzer.name] ??= emptyTally();
  const tally = run.tallies[fuzzer.name]!;
  if (tally.done > 0) console.log(`${fuzzer.name}: ${tally.done} mutants were done before`);
  while (tally.done < run.mutants && tally.failures.length < ENOUGH) {
    await runSlice(fuzzer, tally);
    saveRun(FILE, run);
    if (tally.done % (20 * SLICE) === 0) console.log(`${fuzzer.name}: ${tally.done}`);
  }
  report(fuzzer, tally);
}

/** The run that was interrupted, where it is the one that is asked for, or a new one. */
async function begin(): Promise<Run> {
  const build = await buildHash();
  const mutants = integerFrom('RIVULET_MUTANTS') ?? 100_000;
  const seed = integerFrom('RIVULET_SEED');
  const saved = loadRun(FILE);
  const isSame = saved?.build === build && saved.mutants === mutants && saved.seed === (seed ?? saved.seed);
  const isDone = FUZZERS.every(({ name }) => saved?.tallies[name]?.done === mutants);
  if (saved && isSame && !isDone) return saved;
  return { build, seed: seed ?? randomInt(2 ** 31), mutants, tallies: {} };
}

/** SHA-256 of the module and of the workers, which hold the core and the mutators: all that decides a verdict. */
async function buildHash(): Promise<string> {
  const hash = createHash('sha256').update(bytes);
  for (const { worker } of FUZZERS) hash.update(await bundleWorker(worker));
  return hash.digest('hex');
}

async function runSlice(fuzzer: Fuzzer, tally: Tally): Promise<void> {
  const to = Math.min(tally.done + SLICE, run.mutants);
  const { outcomes, failures } = await runFarm({
    worker: fuzzer.worker,
    data: fuzzer.data(module),
    seed: run.seed,
    from: tally.done,
    to,
  });
  for (const [outcome, count] of Object.entries(outcomes))
    tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + count;
  for (const failure of failures) console.log(`${fuzzer.name}: FAILURE: ${failure}`);
  tally.failures.push(...failures);
  tally.done = to;
}

function report(fuzzer: Fuzzer, { outcomes, failures }: Tally): void {
  const { past, all } = countPastHeader(fuzzer, outcomes);
  const share = past / all;
  const good = failures.length === 0 && all === run.mutants && share >= fuzzer.leastPastHeader;
  const counts = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  console.log(`${fuzzer.name}: ${past} of ${all} (${(100 * share).toFixed(1)} %) got past the header`);
  console.log(`${fuzzer.name}: ${counts.map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`);
  console.log(`${fuzzer.name}: ${good ? 'passed' : 'FAILED'}, ${failures.length} failures, seed ${run.seed}`);
  if (!good) process.exitCode = 1;
}

function integerFrom(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${variable} must be an integer, got ${text}`);
  return value;
}
