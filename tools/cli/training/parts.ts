import type { StepReport } from '../../../src/train/training.ts';
import { count } from '../table.ts';

/** Lines of a whole training. */
const LINES = 12;

/** The head of the lines that `Parts` gives. */
export const PARTS_HEAD = `${'seconds'.padStart(8)}  ${'updates'.padStart(8)}  loss, nats/char`;

/** The mean loss of each twelfth of a training, a line each. */
export class Parts {
  readonly #total: number;
  #line = 1;
  #weight = 0;
  #sum = 0;

  /** @param total of seconds or updates, whichever ends it */
  constructor(total: number) {
    this.#total = total;
  }

  /** @returns the line of a part that is done with this update */
  add({ loss, weight, update }: StepReport, done: number, seconds: number): string | undefined {
    this.#weight += weight;
    this.#sum += loss * weight;
    if (done < (this.#line * this.#total) / LINES) return undefined;
    this.#line = Math.floor((done * LINES) / this.#total) + 1;
    return this.#describe(seconds, update);
  }

  /** @returns the line of what came after the last one */
  rest(seconds: number, update: number): string | undefined {
    return this.#weight > 0 ? this.#describe(seconds, update) : undefined;
  }

  /** Describes them, and begins anew. */
  #describe(seconds: number, update: number): string {
    const loss = this.#sum / this.#weight;
    this.#sum = 0;
    this.#weight = 0;
    return `${seconds.toFixed(1).padStart(8)}  ${count(update).padStart(8)}  ${loss.toFixed(4)}`;
  }
}
