import type { ModelDefinition } from '../../src/graph/definition.ts';

/** What is timed, and checked before that. */
export interface Contender {
  /** The weights it computes with, as the float64 reference takes them. */
  readonly definition: ModelDefinition;
  /** A timestep from the state that the one before left; zero at first. */
  step(x: Float32Array): Float32Array;
  /** So many timesteps on the input of the last `step`, with nothing else in the loop. */
  run(times: number): void;
}
