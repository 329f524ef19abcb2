import { mutateFile } from './file-mutants.ts';
import { FileTrial } from './file-trial.ts';
import { work } from './work.ts';

/** What the worker of the file fuzzer is given. */
export interface FileFuzzData {
  readonly module: WebAssembly.Module;
  readonly files: readonly Uint8Array[];
}

work<FileFuzzData>(({ data, seed }) => {
  const trial = new FileTrial(data.module);
  return (index) => ({ outcome: trial.try(mutateFile(data.files, seed, index)) });
});
