import { RivuletError } from '../errors.ts';
import { leastTimesteps } from './losses/ctc.ts';
import { lossDefinition, type ResolvedLoss } from './losses/table.ts';

/**
 * Checks the labels of one sequence, which `timesteps` timesteps of an output have to emit.
 *
 * @param place what the labels are, as errors name it
 * @throws RivuletError `invalid-target`, for labels that are too many with the least timesteps that they need
 */
export function requireLabels(
  labels: Uint32Array,
  timesteps: number,
  loss: ResolvedLoss,
  outputs: number,
  place: string,
): void {
  const { expects, accepts } = lossDefinition(loss.type);
  const bad = labels.findIndex((label) => !accepts(label, outputs, loss));
  if (bad >= 0) {
    throw new RivuletError(
      'invalid-target',
      `${place}: ${expects(outputs, loss)}, got ${labels[bad]} at index ${bad}`,
    );
  }
  const { timesteps: least, repeats } = leastTimesteps(labels);
  if (timesteps >= least) return;
  const why =
    repeats === 0 ? '' : `, one each and a blank before each of ${repeats} that repeat the one before,`;
  throw new RivuletError(
    'invalid-target',
    `${place}: ${labels.length} labels need at least ${least} timesteps${why} and there are ${timesteps}: ` +
      'give a longer input, or fewer labels',
  );
}
