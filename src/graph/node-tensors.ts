import { RivuletError, show } from '../errors.ts';
import type { Tensor } from './definition.ts';
import { formatShape } from './tensor.ts';

/** The tensor of scales that stands beside an int8 matrix. */
export function scaleName(matrix: string): string {
  return `${matrix}.scale`;
}

/** The tensors of one node by role, checked as they are asked for. */
export class NodeTensors {
  readonly #node: string;
  readonly #names: ReadonlyMap<string, string>;
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #used: Set<string>;

  /**
   * @param roles the name of the tensor of each role
   * @param used receives the names of the tensors that were asked for
   */
  constructor(
    node: string,
    roles: Readonly<Record<string, string | undefined>>,
    tensors: ReadonlyMap<string, Tensor>,
    used: Set<string>,
  ) {
    const given = Object.entries(roles).filter((entry): entry is [string, string] => entry[1] !== undefined);
    this.#node = node;
    this.#names = new Map(given);
    this.#tensors = tensors;
    this.#used = used;
  }

  /**
   * Checks a matrix, with its scales where it is int8, and returns its shape.
   *
   * @param expected [rows, columns]; a word stands for a size that the tensor decides
   */
  matrix(
    role: string,
    expected: readonly [rows: number | string, columns: number | string],
  ): readonly [rows: number, columns: number] {
    const [name, tensor] = this.#get(role);
    this.#checkShape(`${role} ${show(name)}`, tensor, expected);
    const [rows = 0, columns = 0] = tensor.shape;
    if (tensor.dtype === 'I8') this.#checkScales(role, name, rows);
    return [rows, columns];
  }

  /**
   * Checks the weights of a convolution, with their scales where they are int8, and returns their shape.
   *
   * @param role of a tensor [units, channels, kernel], none of them 0
   */
  convolution(role: string): readonly [units: number, channels: number, kernel: number] {
    const [name, tensor] = this.#get(role);
    this.#checkShape(`${role} ${show(name)}`, tensor, ['units', 'channels', 'kernel']);
    const [units = 0, channels = 0, kernel = 0] = tensor.shape;
    if (tensor.data.length === 0) {
      throw new RivuletError(
        'wrong-shape',
        `node ${show(this.#node)}: ${role} ${show(name)}: expected [units, channels, kernel] of at least 1 each, ` +
          `got ${formatShape(tensor.shape)}`,
      );
    }
    if (tensor.dtype === 'I8') this.#checkScales(role, name, units);
    return [units, channels, kernel];
  }

  /** Checks a bias, a float32 vector, where the node has one. */
  bias(role: string, length: number): void {
    if (!this.#names.has(role)) return;
    const [name, tensor] = this.#get(role);
    this.#checkFloat32(`${role} ${show(name)}`, tensor);
    this.#checkShape(`${role} ${show(name)}`, tensor, [length]);
  }

  /** Checks a float32 vector and returns its length. */
  vector(role: string): number {
    const [name, tensor] = this.#get(role);
    this.#checkFloat32(`${role} ${show(name)}`, tensor);
    this.#checkShape(`${role} ${show(name)}`, tensor, ['length']);
    return tensor.shape[0]!;
  }

  #checkScales(role: string, matrix: string, rows: number): void {
    const name = scaleName(matrix);
    const scales = this.#tensors.get(name);
    if (scales === undefined) {
      throw new RivuletError(
        'missing-tensor',
        `node ${show(this.#node)}: ${role} ${show(matrix)} is I8, so the model needs a tensor ${show(name)}, ` +
          `F32 ${formatShape([rows])}; it has none`,
      );
    }
    this.#used.add(name);
    this.#checkFloat32(`scale ${show(name)}`, scales);
    this.#checkShape(`scale ${show(name)}`, scales, [rows]);
    const index = scales.data.findIndex((scale) => !(scale >= 0 && scale < Infinity));
    if (index < 0) return;
    const scale = scales.data[index];
    throw new RivuletError(
      Number.isFinite(scale) ? 'invalid-file' : 'non-finite-weight',
      `node ${show(this.#node)}: scale ${show(name)}[${index}] must be finite and not negative, got ${scale}`,
    );
  }

  #get(role: string): readonly [name: string, tensor: Tensor] {
    const name = this.#names.get(role);
    const tensor = name === undefined ? undefined : this.#tensors.get(name);
    if (name === undefined || tensor === undefined) {
      throw new RivuletError(
        'missing-tensor',
        `node ${show(this.#node)}: ${role} names the tensor ${show(name)}, which the model does not have`,
      );
    }
    this.#used.add(name);
    return [name, tensor];
  }

  #checkFloat32(what: string, tensor: Tensor): void {
    if (tensor.dtype === 'F32') return;
    throw new RivuletError(
      'not-supported',
      `node ${show(this.#node)}: ${what} must be F32, got ${tensor.dtype}; only matrices may be int8`,
    );
  }

  #checkShape(what: string, tensor: Tensor, expected: readonly (number | string)[]): void {
    const { shape } = tensor;
    const fits =
      shape.length === expected.length &&
      expected.every((size, axis) => typeof size === 'string' || size === shape[axis]);
    if (fits) return;
    throw new RivuletError(
      'wrong-shape',
      `node ${show(this.#node)}: ${what}: expected ${formatShape(expected)}, got ${formatShape(shape)}`,
    );
  }
}
