import { Direction, type OpCode } from '../../../assembly/shared/codes.ts';
import type { MinimalTensors, RecurrentTensors } from '../../graph/definition.ts';
import { columnsOf, type Operand, type Values } from '../writer.ts';
import type { Value } from './context.ts';
import type { Half } from './directions.ts';
import { blocks, lowerProduct } from './product.ts';

/** What the cells have in common: their biases, states, buffers of gates and output, products. */
export class RecurrentLowering<T extends MinimalTensors & Partial<RecurrentTensors>> {
  readonly half: Half<T>;
  readonly hidden: number;
  readonly width: number;

  /** @param gates the blocks of `hidden` rows that weight_ih has */
  constructor(half: Half<T>, gates: number) {
    this.half = half;
    this.hidden = half.context.tensor(half.tensors.weight_ih).shape[0]! / gates;
    this.width = columnsOf(this.hidden);
  }

  /** A buffer of `count` blocks of `hidden` columns, each padded to whole panels. */
  gates(count: number): Value['buffer'] {
    return this.half.context.plan.buffer(count * this.width);
  }

  /** The value that the cell gives. */
  output(size = this.hidden): Value {
    return { buffer: this.half.context.plan.buffer(size), size };
  }

  /** A state, which begins with the tensor `initial` where there is one. */
  state(name: 'h' | 'c', initial: string | undefined, size = this.hidden): Operand {
    const values = initial === undefined ? undefined : this.vector(initial, [0], size);
    return this.half.context.plan.state(`${this.half.name}.${name}`, size, values);
  }

  /** Blocks of `size` values of a tensor, block order[i] at column i * columnsOf(size). */
  vector(name: string, order: readonly number[], size = this.hidden): Values {
    const tensor = this.half.context.tensor(name);
    return {
      values: blocks([tensor.data as Float32Array], order, size),
      sources: order.map((block, i) => ({
        tensor,
        from: block * size,
        length: size,
        to: i * columnsOf(size),
      })),
    };
  }

  /** One of the two biases, or their sum, in the order of the plan's gates; a trained sum belongs to the first. */
  bias(order: readonly number[], which: 'ih' | 'hh' | 'both'): Values {
    const { bias_ih, bias_hh } = this.half.tensors;
    return this.sum(order, [which !== 'hh' && bias_ih, which !== 'ih' && bias_hh]);
  }

  /** The sum of vectors of the gates, of those that are there; a trained sum belongs to the first. */
  sum(order: readonly number[], names: readonly (string | false | undefined)[]): Values {
    const given = names.filter((name) => typeof name === 'string');
    const vectors = given.map((name) => this.half.context.tensor(name).data as Float32Array);
    const [first] = given;
    return {
      values: blocks(vectors, order, this.hidden),
      sources: first === undefined ? [] : this.vector(first, order).sources,
    };
  }

  /** out = bias + W_ih x, over all timesteps at once. */
  inputProduct(order: readonly number[], bias: Values, out: Operand): void {
    const { context, tensors } = this.half;
    lowerProduct(context, {
      weight: tensors.weight_ih,
      x: context.input.buffer,
      k: context.input.size,
      out,
      order,
      size: this.hidden,
      bias,
      direction: Direction.None,
    });
  }

  /** out += W_hh h, or out = bias + W_hh h, timestep by timestep. */
  recurrentProduct(order: readonly number[], h: Operand, out: Operand, bias?: Values): void {
    const { context, tensors, direction } = this.half;
    lowerProduct(context, {
      weight: tensors.weight_hh!,
      x: h,
      k: context.tensor(tensors.weight_hh!).shape[1]!,
      out,
      order,
      size: this.hidden,
      ...(bias && { bias }),
      direction,
    });
  }

  /** An op of `hidden` values, timestep by timestep. */
  op(code: OpCode, operands: readonly (Operand | undefined)[], n = this.hidden): void {
    this.half.context.plan.op({ code, direction: this.half.direction, operands, n });
  }
}
