/** The loss of a window as plain sessions of the inference module give it, a session for each stream. */
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import type { LossName } from '../../src/train/losses/table.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { testRuntime } from '../runtime.ts';

const runtime = testRuntime();
const f32 = Math.fround;

export class SessionStreams {
  readonly #model: Model;
  readonly #loss: LossName;
  readonly #sessions: Session[];

  /** From the zero state. */
  constructor(definition: ModelDefinition, batchSize: number, loss: LossName) {
    this.#model = new Model(runtime, definition);
    this.#loss = loss;
    this.#sessions = Array.from({ length: batchSize }, () => this.#model.createSession());
  }

  /** Σ weight × loss and Σ weight, timestep after timestep and stream after stream, in float64. */
  sums({ inputs, targets, weights }: WindowInput, timesteps: number): { loss: number; weight: number } {
    const { kind, size } = this.#model.inputs[0]!;
    let [loss, weight] = [0, 0];
    for (let row = 0; row < timesteps * this.#sessions.length; row++) {
      const session = this.#sessions[row % this.#sessions.length]!;
      const x =
        kind === 'tokens' ? inputs[row]! : (inputs as Float32Array).slice(row * size, (row + 1) * size);
      const output = session.step(x);
      const w = weights?.[row] ?? 1;
      if (w !== 0) loss += w * this.#rowLoss(session, output, targets, row);
      weight += w;
    }
    return { loss, weight };
  }

  mean(window: WindowInput, timesteps: number): number {
    const { loss, weight } = this.sums(window, timesteps);
    return loss / weight;
  }

  reset(row: number): void {
    this.#sessions[row]!.reset();
  }

  [Symbol.dispose](): void {
    this.#model.dispose();
  }

  #rowLoss(session: Session, output: Float32Array, targets: ArrayLike<number>, row: number): number {
    const n = output.length;
    if (this.#loss === 'mean-squared-error')
      return meanSquared(
        output,
        Array.from(output, (_, i) => targets[row * n + i]!),
      );
    return runtime.exports.crossEntropy(session.outputAt(0) << 2, n, targets[row]!, this.#model.sampler);
  }
}

/** In float32: four partial sums by index mod 4, added as (s0 + s1) + (s2 + s3). */
function meanSquared(values: Float32Array, target: readonly number[]): number {
  const sums = new Float32Array(4);
  for (const [i, value] of values.entries()) {
    const difference = f32(value - target[i]!);
    sums[i & 3]! += f32(difference * difference);
  }
  return f32(f32(f32(sums[0]! + sums[1]!) + f32(sums[2]! + sums[3]!)) / values.length);
}
