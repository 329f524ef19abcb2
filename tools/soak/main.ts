// `npm run soak`: each fuzzer, those of the converters' formats too, over 100,000 mutants, and 500 trainings that are
// killed and resumed, on the SIMD build.
//
//   RIVULET_SEED=7 npm run soak     with a seed of one's own; by default each run has a new one; it is printed
//   RIVULET_MUTANTS=1000000 …       more
//   RIVULET_KILLS=50 …              fewer
//   npm run soak -- onnx kills      those alone
//
// A run that was interrupted goes on where it was, unless seed, count, module or fuzzers changed. Exits with 1 where a
// mutant broke a promise, too few got past the header, or a training did not resume to the same bytes.

import { createHash, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundleWorker, runFarm } from '../../test/fuzz/farm.ts';
import { countPastHeader, FORMAT_FUZZERS, FUZZERS, type Fuzzer } from '../../test/fuzz/fuzzers.ts';
import { runProcessFarm } from '../../test/fuzz/process-farm.ts';
import { COMMAND, soakKills } from './kills.ts';
import { emptyTally, loadRun, type Run, saveRun, type Tally } from './progress.ts';

const SLICE = 1000;
/** So many failures of a fuzzer, or of kills, are enough to look at. */
const ENOUGH = 20;
const FILE = 'build/soak/progress.json';
const ALL = [...FUZZERS, ...FORMAT_FUZZERS];
const KILLS = 'kills';

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => name !== KILLS && !ALL.some((fuzzer) => fuzzer.name === name));
if (unknown !== undefined) {
  throw new Error(`no fuzzer ${unknown}: there are ${[...ALL.map(({ name }) => name), KILLS].join(', ')}`);
}
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);

const bytes = readFileSync('dist/wasm/infer.simd.wasm');
const module = new WebAssembly.Module(bytes);
const run = await begin();

console.log(`${run.mutants} mutants each, ${run.kills} kills, seed ${run.seed}`);
for (const fuzzer of ALL) {
  if (!isWanted(fuzzer.name)) continue;
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
if (isWanted(KILLS)) await runKills();

/** The run that was interrupted, where it is the one that is asked for, or a new one. */
async function begin(): Promise<Run> {
  const build = await buildHash();
  const mutants = integerFrom('RIVULET_MUTANTS') ?? 100_000;
  const kills = integerFrom('RIVULET_KILLS') ?? 500;
  const seed = integerFrom('RIVULET_SEED');
  const saved = loadRun(FILE);
  const isSame =
    saved?.build === build &&
    saved.mutants === mutants &&
    saved.kills === kills &&
    saved.seed === (seed ?? saved.seed);
  const isDone =
    ALL.every(({ name }) => !isWanted(name) || saved?.tallies[name]?.done === mutants) &&
    (!isWanted(KILLS) || saved?.tallies.kills?.done === kills);
  if (saved && isSame && !isDone) return saved;
  return { build, seed: seed ?? randomInt(2 ** 31), mutants, kills, tallies: {} };
}

/** SHA-256 of modules, command and workers, which hold the core and the mutators: all that decides a verdict. */
async function buildHash(): Promise<string> {
  const hash = createHash('sha256').update(bytes);
  for (const file of ['dist/wasm/train.simd.wasm', COMMAND]) hash.update(readFileSync(file));
  for (const { worker } of ALL) hash.update(await bundleWorker(worker));
  return hash.digest('hex');
}

async function runKills(): Promise<void> {
  run.tallies.kills ??= emptyTally();
  const { kills } = run.tallies;
  if (kills.done > 0) console.log(`kills: ${kills.done} were done before`);
  await soakKills(kills, run.kills, run.seed, ENOUGH, () => saveRun(FILE, run));
  reportKills(kills);
}

async function runSlice(fuzzer: Fuzzer, tally: Tally): Promise<void> {
  const to = Math.min(tally.done + SLICE, run.mutants);
  const { outcomes, failures } = await (fuzzer.apart ? runProcessFarm : runFarm)({
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

function reportKills({ done, outcomes, failures }: Tally): void {
  const left = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  const good = failures.length === 0 && done === run.kills;
  console.log(`kills: ${done}, which left: ${left.join(', ')}`);
  console.log(`kills: ${good ? 'passed' : 'FAILED'}, ${failures.length} failures, seed ${run.seed}`);
  if (!good) process.exitCode = 1;
}

function integerFrom(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${variable} must be an integer, got ${text}`);
  return value;
}
