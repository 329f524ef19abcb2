/**
 * The log of a training as JSON lines:
 *
 *     {"training": …}                                                         what is trained: the first line
 *     {"update": 1, "epoch": 1, "loss": …, "gradientNorm": …, "learningRate": …, "seconds": …}
 *     {"epoch": 1, "loss": …, "validation": …, "sample": …, "seconds": …}     after the last update of an epoch
 *
 * Losses are means in nats a token; that of an epoch is of what its updates saw, with dropout. Seconds count from the
 * start of the training, without pauses.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { RivuletError } from '../../../src/index.ts';
import { reasonOf } from '../files.ts';

export interface UpdateLine {
  readonly update: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly seconds: number;
}

export interface EpochLine {
  readonly epoch: number;
  readonly loss: number;
  /** Absent where there is no validation set. */
  readonly validation?: number;
  /** A text of the model after the epoch, where it is one of text. */
  readonly sample?: string;
  readonly seconds: number;
}

export interface LogLines {
  readonly updates: UpdateLine[];
  readonly epochs: EpochLine[];
}

export class TrainingLog {
  readonly path: string;
  readonly epochs: EpochLine[];
  /** Of training before this log was opened. */
  readonly seconds: number;
  readonly #file: number;

  private constructor(path: string, file: number, { updates, epochs }: LogLines) {
    this.path = path;
    this.epochs = epochs;
    this.seconds = Math.max(updates.at(-1)?.seconds ?? 0, epochs.at(-1)?.seconds ?? 0);
    this.#file = file;
  }

  /**
   * A new log, in the place of an earlier training's where there is one.
   *
   * @throws RivuletError `invalid-argument` where the file is no log, or cannot be written
   */
  static create(path: string, training: unknown): TrainingLog {
    if (existsSync(path) && !/^(\{"training":|$)/.test(readFileSync(path, 'utf8'))) {
      throw new RivuletError(
        'invalid-argument',
        `${path} is there and is no log of a training: choose another name`,
      );
    }
    const log = new TrainingLog(path, openLog(path, 'w'), { updates: [], epochs: [] });
    log.#write({ training });
    return log;
  }

  /**
   * The log of an interrupted training, cut back to what was done when `update` was the last update. Where there is no
   * log any more a new one goes on from there.
   *
   * @throws RivuletError `invalid-file` where it is another training's log, or ends before `update`
   */
  static resume(path: string, training: unknown, update: number): TrainingLog {
    if (update === 0 || !existsSync(path)) return TrainingLog.create(path, training);
    const { lines, header, bytes } = readUpTo(readFileSync(path), update);
    const isOther = header !== JSON.stringify({ training });
    if (isOther || lines.updates.at(-1)?.update !== update) {
      const reason = isOther ? 'is of another training' : `has not all updates up to ${update}`;
      throw new RivuletError(
        'invalid-file',
        `${path} is not the log of this checkpoint, it ${reason}: name the right one with --log, or a new one`,
      );
    }
    truncateSync(path, bytes);
    return new TrainingLog(path, openLog(path, 'a'), lines);
  }

  addUpdate(line: UpdateLine): void {
    this.#write(line);
  }

  addEpoch(line: EpochLine): void {
    this.epochs.push(line);
    this.#write(line);
  }

  /** A checkpoint must never be newer than the log. */
  sync(): void {
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(line: unknown): void {
    try {
      writeSync(this.#file, `${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw new RivuletError('invalid-argument', `${this.path} cannot be written: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }
}

/** @throws RivuletError `invalid-file` where the file is not the log of a training */
export function readLog(path: string): LogLines {
  const { lines, header } = readUpTo(readFileSync(path), Number.POSITIVE_INFINITY);
  if (!header.startsWith('{"training":')) {
    throw new RivuletError('invalid-file', `${path} is not the log of a training`);
  }
  return lines;
}

/** The lines up to `update`, or to the first that is torn or out of order, and how many bytes they take. */
function readUpTo(content: Buffer, update: number): { lines: LogLines; header: string; bytes: number } {
  const lines: LogLines = { updates: [], epochs: [] };
  const headerEnd = content.indexOf(0x0a) + 1;
  let bytes = headerEnd;
  for (let end = content.indexOf(0x0a, bytes); end >= 0; end = content.indexOf(0x0a, bytes)) {
    const line = parseLine(content.toString('utf8', bytes, end));
    if (line === undefined) break;
    if ('update' in line) {
      const last = lines.updates.at(-1)?.update;
      if (line.update > update || (last !== undefined && line.update !== last + 1)) break;
      lines.updates.push(line);
    } else {
      lines.epochs.push(line);
    }
    bytes = end + 1;
  }
  return { lines, header: content.toString('utf8', 0, Math.max(0, headerEnd - 1)), bytes };
}

function parseLine(text: string): UpdateLine | EpochLine | undefined {
  try {
    const line = JSON.parse(text) as UpdateLine | EpochLine;
    return typeof line.epoch === 'number' && typeof line.loss === 'number' ? line : undefined;
  } catch {
    return undefined;
  }
}

function openLog(path: string, flags: string): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    throw new RivuletError('invalid-argument', `${path} cannot be opened: ${reasonOf(cause)}`, { cause });
  }
}
