import { RivuletError } from '../errors.ts';
import { macrotask, milliseconds } from '../hosts/macrotask.ts';

/**
 * Where the clock stands still while a program computes, as in Cloudflare Workers, the host gets its turn after so many
 * timesteps: some 10 to 100 ms of a small model.
 */
const TIMESTEPS_WITHOUT_CLOCK = 4096;

/** When a long computation lets the host have its turn. */
export class Turns {
  readonly #every: number;
  readonly #signal: AbortSignal | undefined;
  #started = milliseconds();
  #timesteps = 0;

  /** @param every milliseconds of work between two turns of the host */
  constructor(every: number, signal: AbortSignal | undefined) {
    this.#every = every;
    this.#signal = signal;
  }

  /** Counts work that was done. @returns whether it is the host's turn */
  after(timesteps: number): boolean {
    this.#timesteps += timesteps;
    const { elapsed } = this;
    return elapsed >= this.#every || (elapsed === 0 && this.#timesteps >= TIMESTEPS_WITHOUT_CLOCK);
  }

  /** Milliseconds since the host's last turn. */
  get elapsed(): number {
    return milliseconds() - this.#started;
  }

  /** @throws RivuletError `aborted` */
  async give(): Promise<void> {
    await macrotask();
    this.assertNotAborted();
    this.#started = milliseconds();
    this.#timesteps = 0;
  }

  assertNotAborted(): void {
    if (!this.#signal?.aborted) return;
    throw new RivuletError('aborted', 'the training was aborted: the model is as it was', {
      cause: this.#signal.reason,
    });
  }
}
