// The product of an adapted matrix (src/adapters/low-rank.ts) is followed by the ops of its factors:
//
//   u = A x     u ← u alpha / rank     out += B u
//
// In a training the factors are constants of the plan. In a model for inference they are weights of the session's own,
// B with the scale in it, so that the op in the middle falls away; a session without an adapter runs none of them.

import { type Base, OpCode } from '../../../assembly/shared/codes.ts';
import { type Factors, type LowRank, scaleOf } from '../../adapters/low-rank.ts';
import { columnsOf, type Operand, type PlanWriter } from '../writer.ts';
import type { Product } from './product.ts';

/** Which matrices a plan adapts. */
export interface PlanAdapters {
  readonly rank: number;
  /** Names of weights. */
  readonly matrices: readonly string[];
  /** What a training changes; its tensors stand in the definition too. Without it each session has its own. */
  readonly trained?: LowRank;
}

export class AdapterLowering {
  readonly #plan: PlanWriter;
  readonly #adapters: PlanAdapters;
  readonly #width: number;
  /** A of each matrix, which all parts of a product split by gates share. */
  readonly #reductions = new Map<string, Operand>();
  #zeros: Operand | undefined;

  constructor(plan: PlanWriter, adapters: PlanAdapters) {
    this.#plan = plan;
    this.#adapters = adapters;
    this.#width = columnsOf(adapters.rank);
  }

  /** Adds what the adapter of the product's weights gives, where they have one. */
  lower({ weight, x, k, out, order, size, direction }: Product): void {
    const { rank, matrices, trained } = this.#adapters;
    if (!matrices.includes(weight)) return;
    const code = OpCode.MatvecF32;
    const width = this.#width;
    const u = this.#plan.buffer(rank);
    this.#zeros ??= this.#constant(0);
    const reduction = [x, this.#reduction(weight, k), this.#zeros, u];
    this.#plan.op({ code, direction, operands: reduction, k, n: width, m: width });
    if (trained) {
      const operands = [u, this.#constant(scaleOf(trained)), this.#zeros, u];
      this.#plan.op({ code: OpCode.Affine, direction, operands, n: rank });
    }
    const operands = [u, this.#expansion(weight, order, size), undefined, out];
    this.#plan.op({ code, direction, operands, k: rank, n: order.length * columnsOf(size) });
  }

  #reduction(weight: string, k: number): Operand {
    let operand = this.#reductions.get(weight);
    if (!operand) {
      operand = this.#matrix(weight, 'a', this.#width, k, [{ from: 0, rows: this.#adapters.rank, to: 0 }]);
      this.#reductions.set(weight, operand);
    }
    return operand;
  }

  /** B with its rows as those of the weights: block order[i] at row i * columnsOf(size). */
  #expansion(weight: string, order: readonly number[], size: number): Operand {
    const width = columnsOf(size);
    const ranges = order.map((block, i) => ({ from: block * size, rows: size, to: i * width }));
    return this.#matrix(weight, 'b', order.length * width, this.#adapters.rank, ranges);
  }

  #matrix(
    weight: string,
    factor: keyof Factors,
    n: number,
    k: number,
    ranges: readonly { readonly from: number; readonly rows: number; readonly to: number }[],
  ): Operand {
    const { trained } = this.#adapters;
    if (!trained) return this.#plan.privatePanels({ matrix: weight, factor, n, k, ranges });
    const tensor = trained.factors.get(weight)![factor];
    return this.#plan.panels(
      n,
      k,
      ranges.map((range) => ({ ...range, tensor })),
    );
  }

  /** `rank` values, padded with zeros. */
  #constant(value: number): Operand & { base: Base.Plan } {
    const values = new Float32Array(this.#width).fill(value, 0, this.#adapters.rank);
    return this.#plan.values({ values, sources: [] });
  }
}
