import { Status } from '../../assembly/shared/codes.ts';
import { RivuletError } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { requireFinite, requireFloats, requireTimestepOfTokens, requireToken } from '../session/arguments.ts';
import { copyRange } from '../session/copy.ts';
import type { StepInput } from '../session/options.ts';

/** One stream through a plan whose parameters are changing: a session of one row, of one input and one output. */
export class Predictor {
  readonly #runtime: Runtime;
  readonly #input: GraphInput;
  readonly #outputSize: number;
  readonly #stateFloats: number;
  readonly #address: number;

  /**
   * @param plan the address of a plan that streams; it must outlive this
   * @param stateFloats floats of all states of a row, padded to whole panels
   * @throws RivuletError `out-of-memory`
   */
  constructor(runtime: Runtime, plan: number, input: GraphInput, outputSize: number, stateFloats: number) {
    this.#runtime = runtime;
    this.#input = input;
    this.#outputSize = outputSize;
    this.#stateFloats = stateFloats;
    const bytes = runtime.exports.sessionBytes(plan, 1, 1, 0) >>> 0;
    this.#address = runtime.allocate(bytes, 'the stream of a learner');
    runtime.exports.sessionInit(this.#address, plan, 1, 1, 0);
  }

  /** @throws RivuletError `invalid-argument`, `wrong-length`, `non-finite-input`, `token-out-of-range` */
  requireInput(input: StepInput): void {
    if (this.#input.kind === 'features') {
      requireFloats(`input "${this.#input.name}"`, input, this.#input.size);
      requireFinite(this.#input, input, this.#input.size);
    } else if (typeof input === 'number') requireToken(this.#input, input);
    else requireTimestepOfTokens(this.#input, input, 1);
  }

  /** One timestep of an input that was checked; the output goes to out[at …]. */
  step(input: StepInput, out: Float32Array, at: number): void {
    const { exports, floats, words } = this.#runtime;
    const address = exports.inputAddress(this.#address, 0) >> 2;
    if (typeof input === 'number') words[address] = input;
    else if (this.#input.kind === 'tokens') words[address] = input[0]!;
    else copyRange(floats, address, input as Float32Array, 0, this.#input.size);
    const status = exports.step(this.#address);
    if (status !== Status.Ok) {
      throw new RivuletError('invalid-plan', `the module answered status ${status} to a checked input`);
    }
    copyRange(out, at, floats, exports.outputAddress(this.#address, 0) >> 2, this.#outputSize);
  }

  reset(): void {
    this.#runtime.exports.sessionReset(this.#address);
  }

  /** Its states, padded to whole panels; a view that lives until memory grows. */
  get state(): Float32Array {
    const at = this.#stateFloats === 0 ? 0 : this.#runtime.exports.stateAddress(this.#address, 0) >> 2;
    return this.#runtime.floats.subarray(at, at + this.#stateFloats);
  }

  dispose(): void {
    this.#runtime.free(this.#address);
  }
}
