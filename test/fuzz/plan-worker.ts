import { mutatePlan } from './plan-mutants.ts';
import { PlanTrial } from './plan-trial.ts';
import { work } from './work.ts';

/** What the worker of the plan fuzzer is given. */
export interface PlanFuzzData {
  readonly module: WebAssembly.Module;
  readonly images: readonly Uint8Array[];
  /** Of the module: see PlanTrial. */
  readonly gap?: number;
}

work<PlanFuzzData>(({ data, seed }) => {
  const trial = new PlanTrial(data.module, data.gap);
  return (index) => ({ outcome: trial.try(mutatePlan(data.images, seed, index)) });
});
