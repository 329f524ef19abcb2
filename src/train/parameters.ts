import type { GraphNode, ModelDefinition, Tensor } from '../graph/definition.ts';
import { allNodes } from '../graph/reads.ts';
import { columnsOf, type PlanWriter, type RowRange, type ValueRange } from '../plan/writer.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** A run of bytes of a plan's constants, from the first constant on. */
export interface Segment {
  readonly offset: number;
  readonly bytes: number;
}

/** Rows of a matrix, a multiple of 16, of k columns: where they begin, in bytes from the first constant on. */
export interface Matrix {
  readonly offset: number;
  readonly rows: number;
  readonly k: number;
}

/**
 * The definition with each sum of two biases in one of them, as the plan holds it: bias_ih is the sum and bias_hh zero,
 * but for the block n of a GRU that resets after the product, which multiplies its bias_hh by r.
 */
export function mergeBiases(definition: ModelDefinition): ModelDefinition {
  const tensors = new Map(definition.tensors);
  for (const node of allNodes(definition.graph)) {
    for (const names of summedBiases(node)) {
      const ih = Float32Array.from(tensors.get(names.ih)!.data);
      const hh = Float32Array.from(tensors.get(names.hh)!.data);
      const merged = node.type === 'gru' && node.resetAfter ? (hh.length / 3) * 2 : hh.length;
      for (let i = 0; i < merged; i++) ih[i]! += hh[i]!;
      hh.fill(0, 0, merged);
      tensors.set(names.ih, { dtype: 'F32', shape: [ih.length], data: ih });
      tensors.set(names.hh, { dtype: 'F32', shape: [hh.length], data: hh });
    }
  }
  return { ...definition, tensors };
}

/** The names of two biases that a recurrent node adds before it uses them, for each half that has both. */
export function summedBiases(node: GraphNode): readonly { readonly ih: string; readonly hh: string }[] {
  if (node.type !== 'rnn' && node.type !== 'lstm' && node.type !== 'gru') return [];
  const { bias_ih, bias_hh, bias_ih_reverse, bias_hh_reverse } = node.tensors;
  const halves = [
    { ih: bias_ih, hh: bias_hh },
    { ih: bias_ih_reverse, hh: bias_hh_reverse },
  ];
  return halves.flatMap(({ ih, hh }) => (ih !== undefined && hh !== undefined ? [{ ih, hh }] : []));
}

/** Between the constants of a plan of float32 weights and the tensors that they were laid out from. */
export class ParameterMap {
  readonly #plan: PlanWriter;
  readonly #definition: ModelDefinition;
  readonly #names: ReadonlyMap<Tensor, string>;

  constructor(plan: PlanWriter, definition: ModelDefinition) {
    this.#plan = plan;
    this.#definition = definition;
    this.#names = new Map([...definition.tensors].map(([name, tensor]) => [tensor, name]));
  }

  /** The names of the tensors that a training can change. */
  get names(): Set<string> {
    return new Set([...this.#pieces()].map(({ name }) => name));
  }

  /** Where the constants of some tensors lie, with their padding, in order and without gaps that could be closed. */
  segments(isTrainable: (name: string) => boolean): Segment[] {
    const pieces = [...this.#pieces()].filter(({ name }) => isTrainable(name));
    pieces.sort((a, b) => a.offset - b.offset);
    const segments: { offset: number; bytes: number }[] = [];
    for (const { offset, bytes } of pieces) {
      const last = segments.at(-1);
      if (last && last.offset + last.bytes === offset) last.bytes += bytes;
      else segments.push({ offset, bytes });
    }
    return segments;
  }

  /** Where the rows of some matrices lie, by sixteens. */
  matrices(isOne: (name: string) => boolean): Matrix[] {
    return [...this.#pieces()].flatMap(({ name, range, offset, k }) =>
      k !== undefined && isOne(name) ? [{ offset, rows: columnsOf((range as RowRange).rows), k }] : [],
    );
  }

  /**
   * The tensors as row-major arrays, from values laid out as the plan's constants at `base`; elements that no constant
   * holds are 0.
   *
   * @param scratch room for the largest tensor
   */
  read(runtime: Runtime, base: number, scratch: number): Map<string, Float32Array> {
    const result = new Map<string, Float32Array>();
    for (const piece of this.#pieces()) {
      const { name, range, k } = piece;
      let values = result.get(name);
      if (!values) {
        values = new Float32Array(this.#definition.tensors.get(name)!.data.length);
        result.set(name, values);
      }
      const at = base + piece.offset;
      if (k === undefined) {
        const { from, length } = range as ValueRange;
        values.set(runtime.floats.subarray(at >> 2, (at >> 2) + length), from);
      } else {
        const { from, rows, columns } = range as RowRange;
        runtime.trainExports.unpackF32(at, rows, k, scratch);
        const unpacked = runtime.floats.subarray(scratch >> 2, (scratch >> 2) + rows * k);
        if (columns) {
          for (let i = 0; i < unpacked.length; i++) values[from * k + inTensor(columns, i)] = unpacked[i]!;
        } else values.set(unpacked, from * k);
      }
    }
    return result;
  }

  /** Runs of constants, with their padding, and the rows (k given) or elements of a tensor that they hold. */
  *#pieces(): Generator<Segment & { name: string; range: RowRange | ValueRange; k?: number }> {
    for (const constant of this.#plan.constants) {
      if (constant.kind === 'values') {
        for (const range of constant.sources) {
          const name = this.#names.get(range.tensor)!;
          const offset = constant.offset + 4 * range.to;
          yield { name, range, offset, bytes: 4 * columnsOf(range.length) };
        }
      } else if (constant.kind !== 'words') {
        const { k } = constant;
        for (const range of constant.ranges) {
          const name = this.#names.get(range.tensor)!;
          const offset = constant.offset + 4 * k * range.to;
          yield { name, range, k, offset, bytes: 4 * k * columnsOf(range.rows) };
        }
      }
    }
  }
}

/** Of element `i` of rows with permuted columns: where it stands in the tensor. */
function inTensor(columns: Uint32Array, i: number): number {
  const column = i % columns.length;
  return i - column + columns[column]!;
}
