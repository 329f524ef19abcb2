import type { ModelDefinition } from '../graph/definition.ts';
import { int8Matrices, type QuantizeOptions } from '../quantize/quantize.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Matrix, ParameterMap } from './parameters.ts';

/** Where as many bytes as the constants of a plan have lie in memory. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Quantization-aware training (Jacob et al. 2018): the parameters that windows run with are the master weights, those
 * matrices that `quantize` makes int8 rounded as it rounds them. An update changes the master weights by the gradients of
 * the rounded ones (the straight-through estimator, Bengio et al. 2013).
 */
export class Rounding {
  readonly master: Region;
  readonly #runtime: Runtime;
  readonly #parameters: Region;
  readonly #matrices: readonly Matrix[];

  /**
   * @param parameters the constants of the plan, which become the first master weights
   * @param master as many bytes, to lie beside them
   * @throws RivuletError `invalid-argument` where `options` keeps a node that the model does not have
   */
  constructor(
    runtime: Runtime,
    definition: ModelDefinition,
    map: ParameterMap,
    parameters: Region,
    master: number,
    options: QuantizeOptions,
  ) {
    const names = int8Matrices(definition, options);
    this.#runtime = runtime;
    this.#parameters = parameters;
    this.#matrices = map.matrices((name) => names.has(name));
    this.master = { address: master, bytes: parameters.bytes };
    runtime.bytes.copyWithin(master, parameters.address, parameters.address + parameters.bytes);
    this.round();
  }

  /** The parameters anew, after the master weights have changed. */
  round(): void {
    const { address: from, bytes } = this.master;
    const { address: to } = this.#parameters;
    this.#runtime.bytes.copyWithin(to, from, from + bytes);
    for (const { offset, rows, k } of this.#matrices)
      this.#runtime.trainExports.roundRowsInt8(from + offset, rows, k, to + offset);
  }
}
