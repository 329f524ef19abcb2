/** Calls what is timed so many times. */
export type Run = (times: number) => void;

export interface TimingOptions {
  /** Each contender runs once in a round. */
  readonly rounds: number;
  /** Of one contender in one round; shorter than what a scheduler gives at a time. */
  readonly milliseconds: number;
  /** Before the first round, until the optimizing compiler is done. */
  readonly warmup: number;
}

export interface Statistics {
  readonly median: number;
  /** 10th and 90th percentile. */
  readonly low: number;
  readonly high: number;
  readonly p99: number;
}

/**
 * Times contenders against each other in rounds, forwards and backwards in turn, so that what slows the machine for
 * a while slows all of them. Gives microseconds per call, by contender and round.
 */
export function timeInRounds(
  contenders: ReadonlyMap<string, Run>,
  { rounds, milliseconds, warmup }: TimingOptions,
): ReadonlyMap<string, number[]> {
  const entries = [...contenders].map(([name, run]) => {
    const times = Math.max(UNTIMED, Math.round(milliseconds / warmUp(run, warmup)));
    return { name, run, times, results: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { run, times, results } of round % 2 === 0 ? entries : entries.toReversed()) {
      results.push(1000 * millisecondsPerCall(run, times));
    }
  }
  return new Map(entries.map(({ name, results }) => [name, results]));
}

/** Runs for so many milliseconds in growing bursts; gives the milliseconds per call of the last one. */
function warmUp(run: Run, milliseconds: number): number {
  const end = performance.now() + milliseconds;
  let times = 1;
  let perCall = millisecondsPerCall(run, times);
  while (performance.now() < end) {
    times = Math.max(1, Math.min(2 * times, Math.ceil(milliseconds / 8 / perCall)));
    perCall = millisecondsPerCall(run, times);
  }
  return perCall;
}

/**
 * Untimed calls before the timed ones: they bring the weights into whichever cache holds them. Without them a step
 * that had its turn twice running seemed a quarter faster at 512 hidden units.
 */
const UNTIMED = 4;

function millisecondsPerCall(run: Run, times: number): number {
  run(UNTIMED);
  const start = performance.now();
  run(times);
  return Math.max(performance.now() - start, 1e-6) / times;
}

export function statistics(values: readonly number[]): Statistics {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { median: at(0.5), low: at(0.1), high: at(0.9), p99: at(0.99) };
}

/** Round by round, then their statistics: what the rounds share cancels out. */
export function ratio(values: readonly number[], base: readonly number[]): Statistics {
  return statistics(values.map((value, round) => value / base[round]!));
}
