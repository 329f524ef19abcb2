import { refusal } from '../session/arguments.ts';
import { Block } from '../session/block.ts';
import type { Model } from '../session/model.ts';
import { drawToken, type Sampling } from './sampling.ts';

/** Columns of a panel. */
const PANEL = 16;

/**
 * Streams that all begin where one row of a session is, in a block of their own: what is decoded leaves the session
 * where it was.
 */
export class DecoderRows {
  /** Logits of a row. */
  readonly size: number;
  readonly #model: Model;
  readonly #count: number;
  readonly #block: Block;
  /** f32[count][size], the logits of the last step; behind them two values per logit. */
  readonly #logits: number;
  readonly #scratch: number;

  /** @throws RivuletError `out-of-memory` */
  constructor(model: Model, source: Block, row: number, count: number) {
    const { runtime, outputs } = model;
    this.#model = model;
    this.#count = count;
    this.size = outputs[0]!.size;
    this.#block = new Block(model, count, 1, source.memory);
    try {
      this.#logits = runtime.allocate(4 * (count + 2) * this.size, 'the logits of a decoding');
    } catch (error) {
      this.#block.free();
      throw error;
    }
    this.#scratch = this.#logits + 4 * count * this.size;
    for (let i = 0; i < count; i++) runtime.exports.copyRow(source.address, row, this.#block.address, i);
  }

  /** A timestep: row i reads tokens[i], the rows behind them the first token. @throws RivuletError `not-encoded` */
  step(tokens: readonly number[]): void {
    const { exports } = this.#model.runtime;
    const { address } = this.#block;
    const all = Array.from({ length: this.#count }, (_, i) => tokens[i] ?? tokens[0]!);
    this.#block.write(0, all, 0, this.#count);
    const status = exports.step(address);
    if (status !== 0) throw refusal(this.#model, this.#count, status);
    const stride = exports.panelStride(address);
    exports.rowsFromPanels(exports.outputAddress(address, 0), stride, this.#count, this.size, this.#logits);
  }

  /** A token of row 0, number `index` of its sequence. */
  draw(sampling: Sampling, index: number): number {
    const { exports } = this.#model.runtime;
    return drawToken(exports, this.#logits, this.size, sampling, index, this.#scratch);
  }

  /** log softmax of the logits of a row, into out[0 … size): the bits of -crossEntropy. */
  logProbabilities(row: number, out: Float32Array): void {
    const { exports, floats } = this.#model.runtime;
    const at = this.#logits + 4 * row * this.size;
    const likeliest = exports.argmax(at, this.size);
    // The cross-entropy of the largest logit is log Σ exp(x - max x) alone.
    const logSum = exports.crossEntropy(at, this.size, likeliest, this.#scratch);
    const largest = floats[(at >> 2) + likeliest]!;
    for (let i = 0; i < this.size; i++) out[i] = Math.fround(floats[(at >> 2) + i]! - largest) - logSum;
  }

  /** Row i goes on where row from[i] is; the memory of all rows is the same. */
  reorder(from: readonly number[]): void {
    const { runtime, states } = this.#model;
    const { floats } = runtime;
    const panelFloats = PANEL * this.#count;
    for (const { index, size } of states) {
      const at = runtime.exports.stateAddress(this.#block.address, index) >> 2;
      const end = at + Math.ceil(size / PANEL) * panelFloats;
      for (let panel = at; panel < end; panel += panelFloats) {
        const before = floats.slice(panel, panel + panelFloats);
        from.forEach((row, i) => {
          floats.set(before.subarray(row * PANEL, (row + 1) * PANEL), panel + i * PANEL);
        });
      }
    }
  }

  dispose(): void {
    this.#model.runtime.free(this.#logits);
    this.#block.free();
  }
}
