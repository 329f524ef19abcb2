import { ReferenceSession } from '../../../test/reference/graph.ts';
import type { TrainCase } from './cases.ts';
import type { TrainContender } from './contender.ts';

/** Updates whose losses are compared before anything is timed: of who is slow as many as begin within so long, 2 at least. */
const UPDATES = 10;
const MILLISECONDS = 2000;

/**
 * Greatest difference of two losses, nats. Between the prototype, PyTorch and TensorFlow.js it is 5e-7 to 5e-6 at the
 * sizes of the bench; a rate that is wrong by a hundredth shows as 1e-3.
 */
export const TOLERANCE = 2e-5;

/** The first losses of each contender, and the first one of the float64 reference. */
export async function firstLosses(
  contenders: ReadonlyMap<string, TrainContender>,
  trainCase: TrainCase,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const losses = new Map([['the float64 reference', [referenceLoss(trainCase)]]]);
  for (const [name, contender] of contenders) {
    const own: number[] = [];
    const end = performance.now() + MILLISECONDS;
    while (own.length < UPDATES && (own.length < 2 || performance.now() < end))
      own.push(await contender.update());
    losses.set(name, own);
  }
  return losses;
}

/**
 * The greatest difference between the losses of `name` and all others.
 *
 * @throws Error naming who differs from whom, and where
 */
export function requireAgreement(
  name: string,
  losses: ReadonlyMap<string, readonly number[]>,
  { cell, batch }: Pick<TrainCase, 'cell' | 'batch'>,
): number {
  const ours = losses.get(name)!;
  let greatest = 0;
  for (const [other, theirs] of losses) {
    theirs.slice(0, ours.length).forEach((loss, update) => {
      const difference = Math.abs(loss - ours[update]!);
      if (!(difference <= TOLERANCE)) {
        throw new Error(
          `${cell}, batch ${batch}, update ${update + 1}: the loss of ${name} is ${ours[update]}, of ${other} ${loss}; ` +
            `they may differ by ${TOLERANCE}`,
        );
      }
      greatest = Math.max(greatest, difference);
    });
  }
  return greatest;
}

/** The mean cross-entropy of the window before any update, nats. */
export function referenceLoss({ definition, batch, timesteps, input, inputs, targets }: TrainCase): number {
  let sum = 0;
  for (let row = 0; row < batch; row++) {
    const session = new ReferenceSession(definition);
    for (let t = 0; t < timesteps; t++) {
      const at = t * batch + row;
      sum += crossEntropy(session.step(inputs.subarray(at * input, (at + 1) * input)), targets[at]!);
    }
  }
  return sum / (batch * timesteps);
}

function crossEntropy(logits: Float64Array, target: number): number {
  const greatest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - greatest), 0);
  return Math.log(sum) + greatest - logits[target]!;
}
