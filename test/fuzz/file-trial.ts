import { RivuletError } from '../../src/errors.ts';
import { parseSafetensors } from '../../src/formats/safetensors.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { loadModelSync } from '../../src/session/load.ts';
import type { Model } from '../../src/session/model.ts';
import { generateText } from '../../src/text/generate.ts';

/** Weights up to here keep a few timesteps of a small model far from the end of float32. */
const MODERATE = 10;

/**
 * Loads model files of any bytes. Each is refused with a RivuletError, or is a model: it steps, runs, writes text where
 * it can, saves itself, and leaves nothing behind in the runtime's memory.
 */
export class FileTrial {
  readonly #runtime: Runtime;
  /** Where the first block goes as long as no other is left. */
  readonly #first: number;

  constructor(module: WebAssembly.Module) {
    this.#runtime = createRuntimeSync(module);
    this.#first = this.#firstFree();
  }

  /**
   * `header: CODE` where the safetensors header was refused, `model: CODE` where what it describes was, or `accepted`.
   *
   * @throws Error where something else happens
   */
  try(bytes: Uint8Array): string {
    const outcome = this.#outcome(bytes);
    if (this.#firstFree() !== this.#first) throw new Error(`${outcome}, and memory is left behind`);
    return outcome;
  }

  #outcome(bytes: Uint8Array): string {
    const refusedHeader = refusalOf(() => parseSafetensors(bytes));
    let model: Model | undefined;
    const refused = refusalOf(() => {
      model = loadModelSync(bytes, { runtime: this.#runtime });
    });
    if (model === undefined) return refusedHeader ? `header: ${refused}` : `model: ${refused}`;
    if (refusedHeader) throw new Error(`a model out of a file whose header is refused: ${refusedHeader}`);
    try {
      use(model, this.#runtime);
    } finally {
      model.dispose();
    }
    return 'accepted';
  }

  #firstFree(): number {
    const address = this.#runtime.exports.allocate(1);
    this.#runtime.exports.free(address);
    return address;
  }
}

/** The code of the RivuletError, nothing where none is thrown; other exceptions pass. */
export function refusalOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof RivuletError) return error.code;
    throw error;
  }
  return undefined;
}

function use(model: Model, runtime: Runtime): void {
  const session = model.createSession();
  const outputs = Object.fromEntries(model.outputs.map(({ name, size }) => [name, new Float32Array(size)]));
  const inputs = Object.fromEntries(
    model.inputs.map(({ name, kind, size }) => [
      name,
      kind === 'tokens' ? size - 1 : Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
    ]),
  );
  for (let i = 0; i < 3; i++) session.stepNamed(inputs, outputs);
  if (isModerate(model)) {
    for (const [name, values] of Object.entries(outputs))
      if (!values.every(Number.isFinite)) throw new Error(`output ${name} is ${values}`);
  }
  if (model.inputs.length === 1 && model.outputs.length === 1) {
    const [input] = Object.values(inputs);
    session.run(typeof input === 'number' ? [input, 0, input] : input!);
  }
  // An infinite state, which weights near the end of float32 lead to, is refused.
  if (isModerate(model)) session.restore(session.snapshot());
  else refusalOf(() => session.restore(session.snapshot()));
  const { tokenizer } = model;
  if (tokenizer) {
    const prompt = tokenizer.decodeOne(0);
    refusalOf(() => [...generateText(session, { prompt, maxTokens: 3, temperature: 0.5 })]);
  }
  const again = loadModelSync(model.toBytes(), { runtime });
  const { shape, weights } = again.fingerprint;
  again.dispose();
  if (shape !== model.fingerprint.shape || weights !== model.fingerprint.weights)
    throw new Error('saved and loaded again it is another model');
}

function isModerate({ definition }: Model): boolean {
  for (const { dtype, data } of definition.tensors.values())
    if (dtype === 'F32' && !data.every((value) => Math.abs(value) <= MODERATE)) return false;
  return true;
}
