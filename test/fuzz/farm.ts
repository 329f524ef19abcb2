import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

// Runs mutants in a worker thread that is killed where one takes longer than a second.

const LIMIT_MS = 1000;
const LOOK_MS = 50;

/** What a worker is given; its mutants are a function of seed and index, so a failure can be tried again alone. */
export interface WorkerTask<Data> {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly data: Data;
  /** One Int32: the mutant at work, -1 before the first. */
  readonly current: SharedArrayBuffer;
}

/** What a worker tells of one mutant. */
export interface Verdict {
  readonly index: number;
  /** A word that is counted, e.g. the status with which the mutant was refused. */
  readonly outcome: string;
  readonly failure?: string;
}

export interface FarmOptions<Data> {
  /** Path of the worker's source, from the root of the repository. */
  readonly worker: string;
  readonly data: Data;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Stop at the first failure. */
  readonly untilFailure?: boolean;
  onVerdict?(verdict: Verdict): void;
}

export interface FarmResult {
  /** How many mutants had each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** `mutant 17 of seed 1: what it did` */
  readonly failures: readonly string[];
}

export async function runFarm<Data>(options: FarmOptions<Data>): Promise<FarmResult> {
  const code = await bundleWorker(options.worker);
  return runInTurns(options, (rest, record) => runWorker(code, rest, record));
}

/**
 * Runs `run` again behind each mutant that ended it.
 *
 * @param run runs mutants until the last, or the first that kills their worker; answers the number of the one behind it
 */
export async function runInTurns<Data>(
  options: FarmOptions<Data>,
  run: (rest: FarmOptions<Data>, record: (verdict: Verdict) => void) => Promise<number>,
): Promise<FarmResult> {
  const outcomes: Record<string, number> = {};
  const failures: string[] = [];
  const record = (verdict: Verdict) => {
    outcomes[verdict.outcome] = (outcomes[verdict.outcome] ?? 0) + 1;
    if (verdict.failure !== undefined)
      failures.push(`mutant ${verdict.index} of seed ${options.seed}: ${verdict.failure}`);
    options.onVerdict?.(verdict);
  };
  let next = options.from;
  while (next < options.to && !(options.untilFailure && failures.length > 0)) {
    next = await run({ ...options, from: next }, record);
  }
  return { outcomes, failures };
}

/** Runs mutants until the last, or the first that kills the worker; answers the number of the one behind it. */
function runWorker<Data>(
  code: string,
  { seed, from, to, data, untilFailure }: FarmOptions<Data>,
  record: (verdict: Verdict) => void,
): Promise<number> {
  const current = new SharedArrayBuffer(4);
  const at = new Int32Array(current).fill(-1);
  const task: WorkerTask<Data> = { seed, from, to, data, current };
  return new Promise((settle) => {
    const worker = new Worker(code, { eval: true, workerData: task });
    let done = from;
    let ended = false;
    const end = (next: number, failure?: string) => {
      if (ended) return;
      ended = true;
      clearInterval(watch);
      if (failure !== undefined) record({ index: next - 1, outcome: 'killed', failure });
      void worker.terminate().then(() => settle(next));
    };
    let seen = { index: -1, since: performance.now() };
    const watch = setInterval(() => {
      const index = Atomics.load(at, 0);
      if (index !== seen.index) seen = { index, since: performance.now() };
      else if (index >= 0 && index < to && performance.now() - seen.since > LIMIT_MS)
        end(index + 1, `took longer than ${LIMIT_MS} ms`);
    }, LOOK_MS);
    worker.on('message', (verdict: Verdict) => {
      if (ended) return;
      record(verdict);
      done = verdict.index + 1;
      if (done === to || (untilFailure && verdict.failure !== undefined)) end(done);
    });
    worker.on('error', (error) => end(done + 1, `the worker died: ${error.stack}`));
    worker.on('exit', (status) => end(done + 1, `the worker left with status ${status}`));
  });
}

const bundles = new Map<string, Promise<string>>();

/** The worker as one text of JavaScript, since Node 20 runs no TypeScript. It stays the same while the process lives. */
export function bundleWorker(entry: string): Promise<string> {
  const made = bundles.get(entry) ?? bundle(entry);
  bundles.set(entry, made);
  return made;
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(entry)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
