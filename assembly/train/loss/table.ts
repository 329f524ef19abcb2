// From loss to its function: a new loss is a line here, and one in src/train/losses/table.ts.

import { Loss } from '../../shared/codes';
import { binaryCrossEntropy } from './binary-cross-entropy';
import { crossEntropy } from './cross-entropy';
import { huber } from './huber';
import { meanAbsolute } from './mean-absolute';
import { meanSquared } from './mean-squared';

/** Index into the function table, of a function (criterion, x, target, scale); 0 where a row has no loss of its own. */
export function rowLossOf(kind: Loss): u32 {
  switch (kind) {
    case Loss.CrossEntropy: return crossEntropy.index;
    case Loss.MeanSquaredError: return meanSquared.index;
    case Loss.BinaryCrossEntropy: return binaryCrossEntropy.index;
    case Loss.MeanAbsoluteError: return meanAbsolute.index;
    case Loss.Huber: return huber.index;
    default: return 0;
  }
}
