import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Run {
  /** SHA-256 of what decides the verdicts. */
  readonly build: string;
  readonly seed: number;
  /** For each fuzzer. */
  readonly mutants: number;
  /** Of trainings. */
  readonly kills: number;
  /** By fuzzer, and `kills`. */
  readonly tallies: Record<string, Tally>;
}

export interface Tally {
  /** Mutants (or kills) 0 … done - 1 have been tried. */
  done: number;
  readonly outcomes: Record<string, number>;
  readonly failures: string[];
}

export function emptyTally(): Tally {
  return { done: 0, outcomes: {}, failures: [] };
}

/** What an earlier run saved; nothing where there is none, or one that cannot be read. */
export function loadRun(path: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Run;
  } catch {
    return undefined;
  }
}

/** Written aside and renamed, so that an interruption leaves the old or the new. */
export function saveRun(path: string, run: Run): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(run));
  renameSync(`${path}.new`, path);
}
