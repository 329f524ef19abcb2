import { Direction } from '../../../assembly/shared/codes.ts';
import type { RecurrentTensors } from '../../graph/definition.ts';
import { columnsOf, type Operand } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';
import { blocks, lowerProduct } from './product.ts';

/** What the cells have in common: their biases, the buffers of gates and output, the input product. */
export class RecurrentLowering {
  readonly context: LowerContext;
  readonly hidden: number;
  readonly width: number;
  readonly y: Value;
  readonly #tensors: RecurrentTensors;

  constructor(context: LowerContext, tensors: RecurrentTensors) {
    this.context = context;
    this.#tensors = tensors;
    this.hidden = context.tensor(tensors.weight_hh).shape[1]!;
    this.width = columnsOf(this.hidden);
    this.y = { buffer: context.plan.buffer(this.hidden), size: this.hidden };
  }

  gates(count: number): Value['buffer'] {
    return this.context.plan.buffer(count * this.width);
  }

  /** One of the two biases, or their sum, in the order of the plan's gates. */
  bias(order: readonly number[], which: 'ih' | 'hh' | 'both'): Float32Array {
    const { bias_ih, bias_hh } = this.#tensors;
    const ih = which !== 'hh' && bias_ih !== undefined ? this.#vector(bias_ih) : undefined;
    const hh = which !== 'ih' && bias_hh !== undefined ? this.#vector(bias_hh) : undefined;
    return blocks([ih, hh], order, this.hidden);
  }

  /** gates = bias + W_ih x, over all timesteps at once. */
  inputProduct(order: readonly number[], bias: Float32Array, out: Operand): void {
    const { input } = this.context;
    lowerProduct(this.context, {
      weight: this.#tensors.weight_ih,
      x: input.buffer,
      k: input.size,
      out,
      order,
      size: this.hidden,
      bias,
      direction: Direction.None,
    });
  }

  /** gates += W_hh h, timestep by timestep. */
  recurrentProduct(order: readonly number[], h: Operand, out: Operand): void {
    lowerProduct(this.context, {
      weight: this.#tensors.weight_hh,
      x: h,
      k: this.hidden,
      out,
      order,
      size: this.hidden,
      direction: Direction.Forward,
    });
  }

  #vector(name: string): Float32Array {
    return this.context.tensor(name).data as Float32Array;
  }
}
