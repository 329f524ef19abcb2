import { mutateSnapshot } from './snapshot-mutants.ts';
import { SnapshotTrial } from './snapshot-trial.ts';
import { work } from './work.ts';

/** What the worker of the snapshot fuzzer is given. */
export interface SnapshotFuzzData {
  readonly module: WebAssembly.Module;
  readonly files: readonly Uint8Array[];
}

work<SnapshotFuzzData>(({ data, seed }) => {
  const trial = new SnapshotTrial(data.module, data.files);
  return (index) => ({
    outcome: trial.try(index >> 1, (snapshot) => mutateSnapshot(snapshot, seed, index)),
  });
});
