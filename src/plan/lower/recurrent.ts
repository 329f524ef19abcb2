import { Direction } from '../../../assembly/shared/codes.ts';
import type { RecurrentTensors } from '../../graph/definition.ts';
import { columnsOf, type Operand, type Values } from '../writer.ts';
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

  /** One of the two biases, or their sum, in the order of the plan's gates; a trained sum belongs to the first. */
  bias(order: readonly number[], which: 'ih' | 'hh' | 'both'): Values {
    const { bias_ih, bias_hh } = this.#tensors;
    const names = [which !== 'hh' && bias_ih, which !== 'ih' && bias_hh];
    const tensors = names.filter((name) => typeof name === 'string').map((name) => this.context.tensor(name));
    const vectors = tensors.map(({ data }) => data as Float32Array);
    const { hidden, width } = this;
    const [tensor] = tensors;
    const sources = order.map((block, i) => ({ from: block * hidden, length: hidden, to: i * width }));
    return {
      values: blocks(vectors, order, hidden),
      sources: tensor ? sources.map((range) => ({ tensor, ...range })) : [],
    };
  }

  /** gates = bias + W_ih x, over all timesteps at once. */
  inputProduct(order: readonly number[], bias: Values, out: Operand): void {
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
}
