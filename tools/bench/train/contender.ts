import type { Timed } from '../timing.ts';
import type { TrainCase } from './cases.ts';

/** What trains a case's model on its window. */
export interface TrainContender {
  /** An update from the zero state; gives the loss before it, nats per row. */
  update(): number | Promise<number>;
  /** So many updates, with nothing else in the loop. */
  readonly time: Timed;
  dispose(): void;
}

/** Why a contender cannot do a case, in its own words. */
export class Refusal {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A contender before it has seen a case. */
export interface Entrant {
  readonly name: string;
  /** Versions and settings, a line each. */
  readonly about: readonly string[];
  /** How many times its timesteps/s Rivulet must reach; nothing where no bar is set. */
  barOf?(trainCase: TrainCase): number | undefined;
  enter(trainCase: TrainCase): Promise<TrainContender | Refusal>;
  leave(): void;
}

/** A contender that is not on this machine: its name, and what would bring it here. */
export interface Absent {
  readonly name: string;
  readonly missing: string;
}
