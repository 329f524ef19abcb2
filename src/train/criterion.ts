import type { TrainExports } from '../runtime/exports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { lossDefinition, type ResolvedLoss } from './losses/table.ts';

/** A loss in the memory of a runtime. */
export class Criterion {
  readonly address: number;
  readonly #runtime: Runtime;
  readonly #exports: TrainExports;
  readonly #outputs: number;
  #room: { readonly address: number; readonly bytes: number } | undefined;

  /** @throws RivuletError `out-of-memory` */
  constructor(runtime: Runtime, loss: ResolvedLoss, outputs: number) {
    this.#runtime = runtime;
    this.#exports = runtime.trainExports;
    this.#outputs = outputs;
    const definition = lossDefinition(loss.type);
    const { option = 0, label = -1, weights } = definition.constants?.(loss) ?? {};
    this.address = runtime.allocate(this.#exports.criterionBytes(outputs), 'the loss of a training');
    this.#exports.criterionInit(this.address, definition.code, outputs, option, label);
    if (weights === undefined || weights === null) return;
    const at = this.#exports.criterionWeights(this.address) >> 2;
    if (typeof weights === 'number') runtime.floats.fill(weights, at, at + outputs);
    else runtime.floats.set(weights, at);
  }

  /**
   * Room for sequences of so many timesteps and labels, before one of them comes: 16 bytes times their product, and more.
   *
   * @throws RivuletError `out-of-memory`: what was there is there no more
   */
  reserve(timesteps: number, labels: number): void {
    const bytes = this.#exports.ctcBytes(timesteps, labels, this.#outputs);
    if (this.#room && this.#room.bytes >= bytes) return;
    this.#freeRoom();
    const what = `CTC over ${timesteps} timesteps and ${labels} labels`;
    const address = this.#runtime.allocate(bytes, what);
    this.#room = { address, bytes };
    this.#exports.setRoom(this.address, address);
  }

  free(): void {
    this.#freeRoom();
    this.#runtime.free(this.address);
  }

  #freeRoom(): void {
    if (this.#room) this.#runtime.free(this.#room.address);
    this.#room = undefined;
  }
}
