import type { Verdict, WorkerTask } from './farm.ts';

export type ProcessTask<Data> = Omit<WorkerTask<Data>, 'current'>;

/** What the process says: that its first mutant begins, and what became of each. */
export type ProcessMessage = 'ready' | Verdict;

type Judge = (index: number) => Promise<Omit<Verdict, 'index'>>;

/** As `work`, in a process of its own, which may wait. */
export function workApart<Data>(prepare: (task: ProcessTask<Data>) => Promise<Judge>): void {
  process.once('message', (task: ProcessTask<Data>) => {
    void run(prepare, task).then(() => process.disconnect());
  });
}

async function run<Data>(
  prepare: (task: ProcessTask<Data>) => Promise<Judge>,
  task: ProcessTask<Data>,
): Promise<void> {
  const judge = await prepare(task);
  await tell('ready');
  for (let index = task.from; index < task.to; index++)
    await tell({ index, ...(await attempt(judge, index)) });
}

/** Resolves when it is on its way, so that a mutant that hangs holds back no verdict of those before it. */
function tell(message: ProcessMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve()));
  });
}

async function attempt(judge: Judge, index: number): Promise<Omit<Verdict, 'index'>> {
  try {
    return await judge(index);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'failed', failure };
  }
}
