import { parentPort, workerData } from 'node:worker_threads';
import type { Verdict, WorkerTask } from './farm.ts';

type Judge = (index: number) => Omit<Verdict, 'index'>;

/**
 * The loop of a worker: one verdict for each mutant. `prepare` is called once, before the clock of the first mutant
 * starts; an exception that its judge lets out is a failure.
 */
export function work<Data>(prepare: (task: WorkerTask<Data>) => Judge): void {
  const task = workerData as WorkerTask<Data>;
  const judge = prepare(task);
  const current = new Int32Array(task.current);
  for (let index = task.from; index < task.to; index++) {
    Atomics.store(current, 0, index);
    parentPort?.postMessage({ index, ...attempt(judge, index) } satisfies Verdict);
  }
  Atomics.store(current, 0, task.to);
}

function attempt(judge: Judge, index: number): Omit<Verdict, 'index'> {
  try {
    return judge(index);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'failed', failure };
  }
}
