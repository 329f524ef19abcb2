import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorker, type FarmOptions, type FarmResult, runInTurns, type Verdict } from './farm.ts';
import type { ProcessMessage } from './process-work.ts';

// Runs mutants in a process that is killed where one takes longer than a second, or all of them so far more memory than
// they may. One process handles many mutants; a new one goes on behind the mutant that killed the last.

const LIMIT_MS = 1000;
const LIMIT_BYTES = 256 << 20;
const LOOK_MS = 25;

/** As `runFarm`; the worker uses `workApart`. */
export async function runProcessFarm<Data>(options: FarmOptions<Data>): Promise<FarmResult> {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-farm-'));
  try {
    const file = join(folder, 'worker.cjs');
    writeFileSync(file, await bundleWorker(options.worker));
    return await runInTurns(options, (rest, record) => runProcess(file, rest, record));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs mutants until the last, or the first that has the process killed; answers the number of the one behind it. */
function runProcess<Data>(
  file: string,
  { seed, from, to, data, untilFailure }: FarmOptions<Data>,
  record: (verdict: Verdict) => void,
): Promise<number> {
  return new Promise((settle, fail) => {
    const child = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let done = from;
    let start: { readonly bytes: number; since: number } | undefined;
    let ended = false;
    const end = (next: number, failure?: string) => {
      if (ended) return;
      ended = true;
      clearInterval(watch);
      if (failure !== undefined) record({ index: next - 1, outcome: 'killed', failure });
      child.once('exit', () => settle(next));
      if (child.exitCode !== null || child.signalCode !== null) settle(next);
      else child.kill('SIGKILL');
    };
    // Behind the messages that are waiting already: this process may have been held up itself.
    const look = () =>
      setImmediate(() => {
        if (start === undefined || ended) return;
        const grown = residentBytes(child) - start.bytes;
        if (performance.now() - start.since > LIMIT_MS) end(done + 1, `took longer than ${LIMIT_MS} ms`);
        else if (grown > LIMIT_BYTES) end(done + 1, `the process grew by ${grown >> 20} MB`);
      });
    const watch = setInterval(look, LOOK_MS);
    child.on('message', (message: ProcessMessage) => {
      if (ended) return;
      if (message === 'ready') {
        start = { bytes: residentBytes(child), since: performance.now() };
        return;
      }
      record(message);
      start!.since = performance.now();
      done = message.index + 1;
      if (done === to || (untilFailure && message.failure !== undefined)) end(done);
    });
    child.on('exit', (status, signal) => {
      const how = `the process left with ${signal ?? `status ${status}`}`;
      if (start !== undefined) end(done + 1, how);
      else {
        clearInterval(watch);
        fail(new Error(`${how} before its first mutant`));
      }
    });
    child.send({ seed, from, to, data });
  });
}

/** Where the system does not tell, 0: then only time is watched. */
function residentBytes({ pid }: ChildProcess): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}
