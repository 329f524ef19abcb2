import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { LstmNode, LstmTensors } from '../../graph/definition.ts';
import { EPSILON } from '../../graph/nodes/epsilon.ts';
import { columnsOf, type Operand } from '../writer.ts';
import { activate } from './activation.ts';
import type { Value } from './context.ts';
import type { Half } from './directions.ts';
import { Gates } from './gates.ts';
import { lowerProduct } from './product.ts';
import { RecurrentLowering } from './recurrent.ts';

/** Blocks of the gates, and of the file's i, f, g, o in their order; coupled f, g, o without i. */
const [I, F, O, G] = [0, 1, 2, 3];
const ORDER = [0, 1, 3, 2];
const COUPLED_ORDER = [0, 2, 1];

/** An LSTM that has more than the plain one: each part is an op. */
export function lowerLstmVariant(half: Half<LstmTensors>, node: LstmNode): Value {
  return new LstmVariant(half, node).lower();
}

class LstmVariant {
  readonly #node: LstmNode;
  readonly #tensors: LstmTensors;
  readonly #cell: RecurrentLowering<LstmTensors>;
  readonly #y: Value;
  readonly #gates: Gates;
  readonly #order: readonly number[];
  readonly #h: Operand;
  readonly #c: Operand;

  constructor(half: Half<LstmTensors>, node: LstmNode) {
    const { tensors, context, direction } = half;
    this.#node = node;
    this.#tensors = tensors;
    this.#order = node.coupled ? COUPLED_ORDER : ORDER;
    this.#cell = new RecurrentLowering(half, this.#order.length);
    const { hidden } = this.#cell;
    const size = tensors.weight_hr === undefined ? hidden : context.tensor(tensors.weight_hr).shape[0]!;
    this.#y = this.#cell.output(size);
    this.#gates = new Gates(this.#cell, 4, direction, node.gateClip);
    this.#h = this.#cell.state('h', tensors.h0, size);
    this.#c = this.#cell.state('c', tensors.c0);
  }

  lower(): Value {
    const { peephole } = this.#tensors;
    this.#products();
    if (peephole !== undefined) this.#peepholes(peephole);
    this.#activateGates(peephole !== undefined);
    const c = this.#cell.gates(1);
    this.#cell.op(OpCode.LstmCell, [this.#gates.activated(I), this.#c, c, this.#cellClip()]);
    if (peephole !== undefined) {
      this.#addScaled(c, peephole, O);
      this.#gates.activate(O, 1, this.#gateActivation);
    }
    this.#output(c);
    return this.#y;
  }

  get #gateActivation() {
    return this.#node.gateActivation ?? 'sigmoid';
  }

  /** The gates' sums: the products, each behind its layer norm where it has one, and the biases. */
  #products(): void {
    const { norm_ih_weight, norm_ih_bias, norm_hh_weight, norm_hh_bias } = this.#tensors;
    const order = this.#order;
    const cell = this.#cell;
    const sums = this.#gates.sum(this.#node.coupled ? F : I);
    if (norm_ih_weight === undefined) cell.inputProduct(order, cell.bias(order, 'both'), sums);
    else {
      const product = cell.gates(order.length);
      cell.inputProduct(order, cell.sum(order, []), product);
      this.#layerNorm(product, norm_ih_weight, norm_ih_bias, order, sums, Direction.None);
      this.#addBias(sums);
    }
    if (norm_hh_weight === undefined) cell.recurrentProduct(order, this.#h, sums);
    else {
      const product = cell.gates(order.length);
      const normed = cell.gates(order.length);
      cell.recurrentProduct(order, this.#h, product, cell.sum(order, []));
      this.#layerNorm(product, norm_hh_weight, norm_hh_bias, order, normed);
      cell.op(OpCode.Add, [sums, normed, sums], order.length * cell.width);
    }
  }

  #layerNorm(
    x: Operand,
    weight: string,
    bias: string | undefined,
    order: readonly number[],
    out: Operand,
    direction: Direction = this.#cell.half.direction,
  ): void {
    const { plan } = this.#cell.half.context;
    const operands = [
      x,
      plan.values(this.#cell.vector(weight, order)),
      plan.values(this.#cell.sum(order, [bias])),
      out,
      plan.parameters(this.#node.epsilon ?? EPSILON),
    ];
    plan.op({ code: OpCode.LayerNorm, direction, operands, k: order.length, n: this.#cell.hidden });
  }

  /** What a layer norm has written is no product, which would begin with its bias. */
  #addBias(sums: Operand): void {
    const { bias_ih, bias_hh } = this.#tensors;
    if (bias_ih === undefined && bias_hh === undefined) return;
    const { plan } = this.#cell.half.context;
    const n = this.#order.length * this.#cell.width;
    const ones = plan.values({ values: new Float32Array(n).fill(1), sources: [] });
    const bias = plan.values(this.#cell.bias(this.#order, 'both'));
    plan.op({ code: OpCode.Affine, direction: Direction.None, operands: [sums, ones, bias, sums], n });
  }

  /** Of i and f, which see c as it was; o sees the new one. */
  #peepholes(peephole: string): void {
    if (!this.#node.coupled) this.#addScaled(this.#c, peephole, I);
    this.#addScaled(this.#c, peephole, F);
  }

  /** The peephole of a gate: its blocks are i, f, o, as those of the gates. */
  #addScaled(c: Operand, peephole: string, gate: number): void {
    const weights = this.#cell.half.context.plan.values(this.#cell.vector(peephole, [gate]));
    this.#cell.op(OpCode.AddScaled, [c, weights, this.#gates.sum(gate)]);
  }

  /** All of them, but o where it waits for c. */
  #activateGates(withoutOutput: boolean): void {
    const first = this.#node.coupled ? F : I;
    this.#gates.activate(first, (withoutOutput ? O : G) - first, this.#gateActivation);
    this.#gates.activate(G, 1, this.#node.candidateActivation ?? 'tanh');
    if (!this.#node.coupled) return;
    const { plan } = this.#cell.half.context;
    const constant = (value: number) => plan.values({ values: this.#padded(value), sources: [] });
    this.#cell.op(OpCode.Affine, [
      this.#gates.activated(F),
      constant(-1),
      constant(1),
      this.#gates.activated(I),
    ]);
  }

  #padded(value: number): Float32Array {
    return new Float32Array(this.#cell.width).fill(value, 0, this.#cell.hidden);
  }

  #cellClip(): Operand | undefined {
    const { cellClip } = this.#node;
    return cellClip === undefined ? undefined : this.#cell.half.context.plan.parameters(cellClip);
  }

  /** y = h = o activation(c), perhaps with a layer norm of c and a projection. */
  #output(c: Operand): void {
    const cell = this.#cell;
    const o = this.#gates.activated(O);
    const shaped = this.#shaped(this.#normed(c));
    const { weight_hr } = this.#tensors;
    if (weight_hr === undefined) cell.op(OpCode.Mul, [o, shaped, this.#y.buffer]);
    else {
      const whole = cell.gates(1);
      cell.op(OpCode.Mul, [o, shaped, whole]);
      this.#project(weight_hr, whole);
    }
    cell.op(OpCode.Remember, [this.#y.buffer, this.#h, this.#y.buffer], this.#y.size);
  }

  #normed(c: Operand): Operand {
    const { norm_c_weight, norm_c_bias } = this.#tensors;
    if (norm_c_weight === undefined) return c;
    const out = this.#cell.gates(1);
    this.#layerNorm(c, norm_c_weight, norm_c_bias, [0], out);
    return out;
  }

  #shaped(c: Operand): Operand {
    const activation = this.#node.outputActivation ?? 'tanh';
    if (activation === 'identity') return c;
    const { hidden, half } = this.#cell;
    const out = this.#cell.gates(1);
    activate(half.context.plan, activation, c, out, hidden, half.direction);
    return out;
  }

  /** y = W_hr x */
  #project(weight: string, x: Operand): void {
    const { half, hidden } = this.#cell;
    const { size, buffer } = this.#y;
    lowerProduct(half.context, {
      weight,
      x,
      k: hidden,
      out: buffer,
      order: [0],
      size,
      bias: { values: new Float32Array(columnsOf(size)), sources: [] },
      direction: half.direction,
    });
  }
}
