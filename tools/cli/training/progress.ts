/** cli-progress draws the bar: how often, how wide, and what the terminal needs to hear. */
import cliProgress from 'cli-progress';
import type { Output } from '../output.ts';
import { count } from '../table.ts';

/** Of silence, where a file or another program reads the lines. */
const PLAIN_SECONDS = 10;

export interface Standing {
  readonly update: number;
  readonly epoch: number;
  readonly loss: number;
  readonly gradientNorm: number;
  /** Of all streams together, in this update. */
  readonly timesteps: number;
}

/** Tells how a training goes on: a bar on standard error where that is a terminal, else lines on standard output. */
export class Progress {
  readonly #output: Output;
  readonly #total: number;
  readonly #from: number;
  readonly #bar: cliProgress.SingleBar | undefined;
  readonly #started = performance.now();
  #timesteps = 0;
  #lastLine = this.#started;

  /** Of the way from 0 to `total` (updates, or seconds), this program goes the part that begins at `from`. */
  constructor(output: Output, total: number, from: number) {
    this.#output = output;
    this.#total = total;
    this.#from = from;
    if (process.stderr.isTTY) {
      this.#bar = new cliProgress.SingleBar({
        format: '[{bar}] {percentage} %  {text}',
        barsize: 20,
        clearOnComplete: true,
        gracefulExit: false, // Ctrl-C is ours
      });
    }
  }

  async step(standing: Standing, done: number): Promise<void> {
    this.#timesteps += standing.timesteps;
    if (this.#bar) {
      if (!this.#bar.isActive) this.#bar.start(this.#total, done, { text: '' });
      this.#bar.update(done, { text: this.#describe(standing, done) });
    } else if (performance.now() - this.#lastLine > 1000 * PLAIN_SECONDS) {
      this.#lastLine = performance.now();
      await this.#output.print(this.#describe(standing, done));
    }
  }

  /** A line that stays. */
  async print(line: string): Promise<void> {
    this.stop();
    this.#lastLine = performance.now();
    await this.#output.print(line);
  }

  /** Takes the bar away; the next step draws it again. */
  stop(): void {
    if (this.#bar?.isActive) this.#bar.stop();
  }

  #describe({ update, epoch, loss, gradientNorm }: Standing, done: number): string {
    const seconds = (performance.now() - this.#started) / 1000;
    const left = (seconds * (this.#total - done)) / (done - this.#from);
    return [
      `update ${count(update)}`,
      `epoch ${epoch}`,
      `loss ${loss.toFixed(4)}`,
      `gradient norm ${gradientNorm.toFixed(3)}`,
      `${count(Math.round(this.#timesteps / seconds))} timesteps/s`,
      `${duration(left)} left`,
    ].join('  ');
  }
}

/** 1:02:03, or 2:03. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const used = parts[0] === 0 ? parts.slice(1) : parts;
  return used.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
