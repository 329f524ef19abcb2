import type { ModelDefinition } from '../../src/graph/definition.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.ts';

/** The smallest memory budget that works, as the refusal of a smaller one says. */
export function leastBudget(runtime: Runtime, definition: ModelDefinition, options: TrainerOptions): number {
  try {
    new Trainer(runtime, definition, { ...options, memoryBudget: 1 }).dispose();
  } catch (error) {
    return Number(/at least (\d+)/.exec((error as Error).message)![1]);
  }
  throw new Error('a budget of one byte was enough');
}
