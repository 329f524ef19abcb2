/** The options of a Keras layer. What a layer does not ask for must not matter to what it computes, else it is refused. */
import { RivuletError, show } from '../../errors.ts';
import { describe } from '../../graph/fields.ts';

/** Fields that only say how a layer is trained, built, named or run, not what it computes. */
const HARMLESS = new Set([
  'name',
  'trainable',
  'dtype',
  'batch_input_shape',
  'batch_shape',
  'batch_size',
  'build_input_shape',
  'input_shape',
  'input_dim',
  'input_length',
  'input_dtype',
  'seed',
  'implementation',
  'consume_less',
  'unroll',
  'stateful',
  'unit_forget_bias',
  'dropout',
  'recurrent_dropout',
  'dropout_W',
  'dropout_U',
  'init',
  'inner_init',
  'forget_bias_init',
  'beta_init',
  'gamma_init',
  'noise_shape',
  'momentum',
  'synchronized',
  'sparse',
  'ragged',
  'optional',
  'zero_output_for_mask',
  'use_cudnn',
]);
const TRAINING = /_(?:initializer|regularizer|constraint)$|^[WUb]_(?:regularizer|constraint)$/;

export class Options {
  /** `layer "lstm" (LSTM)` */
  readonly place: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  constructor(place: string, fields: unknown) {
    this.place = place;
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new RivuletError('invalid-file', `${place}: config must be an object, got ${describe(fields)}`);
    this.#fields = fields as Readonly<Record<string, unknown>>;
  }

  /** The value of the first of these fields that is there; null counts as absent. */
  value(...names: readonly string[]): unknown {
    for (const name of names) this.#asked.add(name);
    const found = names.find((name) => Object.hasOwn(this.#fields, name) && this.#fields[name] !== null);
    return found === undefined ? undefined : this.#fields[found];
  }

  integer(...names: readonly string[]): number {
    const value = this.value(...names);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw this.#wrong(names, 'a positive integer', value);
  }

  /** A number, by itself or in a list of one. */
  number(usual: number, ...names: readonly string[]): number {
    const value = single(this.value(...names)) ?? usual;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.#wrong(names, 'a number', value);
  }

  boolean(usual: boolean, ...names: readonly string[]): boolean {
    const value = this.value(...names) ?? usual;
    if (typeof value === 'boolean') return value;
    throw this.#wrong(names, 'true or false', value);
  }

  string(usual: string, ...names: readonly string[]): string {
    const value = this.value(...names) ?? usual;
    if (typeof value === 'string') return value;
    throw this.#wrong(names, 'a string', value);
  }

  /** Refuses a field that has another value than the one that is supported; absent is that one. */
  only(supported: unknown, ...names: readonly string[]): void {
    const value = single(this.value(...names)) ?? supported;
    if (value !== supported) throw this.unsupported(names[0]!, value, show(supported));
  }

  unsupported(field: string, value: unknown, supported: string): RivuletError {
    return new RivuletError(
      'unsupported-operator',
      `${this.place}: ${field} is ${describe(value)}; supported is ${supported}`,
    );
  }

  /** @throws RivuletError `unsupported-operator` for a field that nothing asked for and that may matter */
  refuseOthers(): void {
    for (const [name, value] of Object.entries(this.#fields)) {
      if (this.#asked.has(name) || HARMLESS.has(name) || TRAINING.test(name)) continue;
      if (value === null || value === false) continue;
      throw new RivuletError(
        'unsupported-operator',
        `${this.place}: ${show(name)} is ${describe(value)}, which is not known to Rivulet`,
      );
    }
  }

  #wrong(names: readonly string[], expected: string, value: unknown): RivuletError {
    return new RivuletError(
      'invalid-file',
      `${this.place}: ${names[0]} must be ${expected}, got ${describe(value)}`,
    );
  }
}

function single(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}
