import { type Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { GateActivation, MinimalTensors } from '../../graph/definition.ts';
import type { Operand } from '../writer.ts';
import { activate } from './activation.ts';
import { from, type Value } from './context.ts';
import type { RecurrentLowering } from './recurrent.ts';

/**
 * The gates of a cell whose activations are ops of their own: blocks of `hidden` columns, each padded to whole panels.
 * A clip keeps its values for the way back, so behind one the activations have another buffer.
 */
export class Gates {
  readonly #cell: RecurrentLowering<MinimalTensors>;
  readonly #direction: Direction;
  readonly #clip: number | undefined;
  /** What the products add up to. */
  readonly sums: Value['buffer'];
  readonly #activated: Value['buffer'];

  /** @param clip the bound of what the activations read */
  constructor(cell: RecurrentLowering<MinimalTensors>, count: number, direction: Direction, clip?: number) {
    this.#cell = cell;
    this.#direction = direction;
    this.#clip = clip;
    this.sums = cell.gates(count);
    this.#activated = clip === undefined ? this.sums : cell.gates(count);
  }

  /** A block and all behind it, before its activation. */
  sum(block: number): Operand {
    return from(this.sums, block * this.#cell.width);
  }

  /** The same behind it. */
  activated(block: number): Operand {
    return from(this.#activated, block * this.#cell.width);
  }

  /** Clips and activates `count` blocks. Of several the padding between takes part: only one alone leaves zeros there. */
  activate(block: number, count: number, activation: GateActivation): void {
    const { width, hidden, half } = this.#cell;
    const n = count === 1 ? hidden : count * width;
    const sum = this.sum(block);
    const out = this.activated(block);
    if (this.#clip !== undefined) {
      const bounds = half.context.plan.parameters(-this.#clip, this.#clip);
      const clipped = activation === 'identity' ? out : sum;
      half.context.plan.op({
        code: OpCode.Clip,
        direction: this.#direction,
        operands: [sum, clipped, bounds],
        n,
      });
    }
    if (activation !== 'identity') activate(half.context.plan, activation, sum, out, n, this.#direction);
  }
}
