import { parentPort, workerData } from 'node:worker_threads';
import type { Verdict, WorkerTask } from './farm.ts';

/** The loop of a worker: one verdict for each mutant. An exception that `judge` lets out is a failure. */
export function work<Data>(judge: (task: WorkerTask<Data>, index: number) => Omit<Verdict, 'index'>): void {
  const task = workerData as WorkerTask<Data>;
  const current = new Int32Array(task.current);
  for (let index = task.from; index < task.to; index++) {
    Atomics.store(current, 0, index);
    parentPort?.postMessage({ index, ...attempt(() => judge(task, index)) } satisfies Verdict);
  }
  Atomics.store(current, 0, task.to);
}

function attempt(judge: () => Omit<Verdict, 'index'>): Omit<Verdict, 'index'> {
  try {
    return judge();
  } catch (error) {
    return {
      outcome: 'failed',
      failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}
