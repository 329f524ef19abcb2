/** Calls what is timed so many times. */
export type Run = (times: number) => void;

/** Milliseconds that so many calls of what is timed take, after as many untimed ones as it is told. */
export type Timed = (times: number, untimed: number) => number | Promise<number>;

export interface TimingOptions {
  /** Each contender runs once in a round. */
  readonly rounds: number;
  /** Of one contender in one round; shorter than what a scheduler gives at a time. */
  readonly milliseconds: number;
  /** Before the first round, until the optimizing compiler is done. */
  readonly warmup: number;
  /**
   * Untimed calls before the timed ones of a round, of which there are at least as many: they bring the weights into
   * whichever cache holds them. Without them a step that had its turn twice running seemed a quarter faster at 512
   * hidden units.
   */
  readonly untimed: number;
  /** Of one contender in all rounds, its untimed calls too; who is slower sits rounds out. No bound by default. */
  readonly mostMilliseconds?: number;
}

export interface Statistics {
  readonly median: number;
  /** 10th and 90th percentile. */
  readonly low: number;
  readonly high: number;
  readonly p99: number;
}

/** Of a contender that sits rounds out. */
const FEWEST_ROUNDS = 5;

/** What runs in this thread, on its clock. */
export function timed(run: Run): Timed {
  return (times, untimed) => {
    run(untimed);
    const start = performance.now();
    run(times);
    return Math.max(performance.now() - start, 1e-6);
  };
}

/**
 * Times contenders against each other in rounds, forwards and backwards in turn, so that what slows the machine for
 * a while slows all of them. Gives microseconds per call, by contender and round, NaN for a round that was sat out.
 */
export async function timeInRounds(
  contenders: ReadonlyMap<string, Timed>,
  options: TimingOptions,
): Promise<ReadonlyMap<string, number[]>> {
  const { rounds, milliseconds, untimed, mostMilliseconds = Infinity } = options;
  const entries: { name: string; time: Timed; times: number; every: number; results: number[] }[] = [];
  for (const [name, time] of contenders) {
    const perCall = await warmUp(time, options);
    const times = Math.max(1, untimed, Math.round(milliseconds / perCall));
    const every = restOf(rounds, (rounds * (times + untimed) * perCall) / mostMilliseconds);
    entries.push({ name, time, times, every, results: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { time, times, every, results } of round % 2 === 0 ? entries : entries.toReversed()) {
      results.push(round % every === 0 ? (1000 * (await time(times, untimed))) / times : Number.NaN);
    }
  }
  return new Map(entries.map(({ name, results }) => [name, results]));
}

/**
 * In how many rounds who is `excess` times too slow runs once: a power of two, so that two contenders meet as often as the
 * slower of them runs.
 */
function restOf(rounds: number, excess: number): number {
  let every = 1;
  while (every < excess && 2 * every * FEWEST_ROUNDS <= rounds) every *= 2;
  return every;
}

/** Runs for so many milliseconds in growing bursts; gives the milliseconds per call of the last one. */
async function warmUp(time: Timed, { warmup, untimed }: TimingOptions): Promise<number> {
  const end = performance.now() + warmup;
  let times = 1;
  let perCall = await time(times, untimed);
  while (performance.now() < end) {
    times = Math.max(1, Math.min(2 * times, Math.ceil(warmup / 8 / perCall)));
    perCall = (await time(times, untimed)) / times;
  }
  return perCall;
}

/** Of the values that are numbers. */
export function statistics(values: readonly number[]): Statistics {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { median: at(0.5), low: at(0.1), high: at(0.9), p99: at(0.99) };
}

/** Round by round, then their statistics: what the rounds share cancels out. */
export function ratio(values: readonly number[], base: readonly number[]): Statistics {
  return statistics(values.map((value, round) => value / base[round]!));
}
