import { RivuletError } from '../../src/errors.ts';
import { parseSafetensors } from '../../src/formats/safetensors.ts';
import type { GraphInput } from '../../src/graph/definition.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { loadModelSync } from '../../src/session/load.ts';
import type { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import { generateText } from '../../src/text/generate.ts';

/** Weights up to here keep a few timesteps of a small model far from the end of float32. */
const MODERATE = 10;

/**
 * Loads model files of any bytes. Each is refused with a RivuletError, or is a model: it encodes, steps, runs alone
 * and in a batch, writes text where it can, saves itself, and leaves nothing behind in the runtime's memory.
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
  // An encoder with several inputs can be loaded and saved, and its sessions are refused what they need to run.
  if (model.encoderInputs.length <= 1) run(model);
  const again = loadModelSync(model.toBytes(), { runtime });
  const { shape, weights } = again.fingerprint;
  again.dispose();
  if (shape !== model.fingerprint.shape || weights !== model.fingerprint.weights)
    throw new Error('saved and loaded again it is another model');
}

function run(model: Model): void {
  const session = model.createSession();
  const [source] = model.encoderInputs;
  if (source) session.encode(sequenceOf(source, 3));
  step(model, session);
  if (model.inputs.length === 1 && model.outputs.length === 1) {
    requireNumbers(model, session.run(sequenceOf(model.inputs[0]!, 3)));
    runBatch(model);
  }
  // An infinite state, which weights near the end of float32 lead to, is refused.
  if (isModerate(model)) session.restore(session.snapshot());
  else refusalOf(() => session.restore(session.snapshot()));
  const { tokenizer } = model;
  if (tokenizer) {
    const prompt = tokenizer.decodeOne(0);
    refusalOf(() => [...generateText(session, { prompt, maxTokens: 3, temperature: 0.5 })]);
  }
}

/** Three of them, or the refusal of a model that needs its whole sequence at once. */
function step(model: Model, session: Session): void {
  const inputs = Object.fromEntries(
    model.inputs.map((input) => [input.name, sequenceOf(input, 1) as Float32Array | Uint32Array]),
  );
  const outputs = Object.fromEntries(model.outputs.map(({ name, size }) => [name, new Float32Array(size)]));
  if (model.notStreamable !== undefined) {
    const refused = refusalOf(() => session.stepNamed(inputs, outputs));
    if (refused !== 'not-streamable') throw new Error(`a step backward in time is refused as ${refused}`);
    return;
  }
  for (let i = 0; i < 3; i++) session.stepNamed(inputs, outputs);
  for (const values of Object.values(outputs)) requireNumbers(model, values);
}

/** Two streams of different lengths, of the encoder and behind it. */
function runBatch(model: Model): void {
  const session = model.createSession({ batchSize: 2 });
  const [source] = model.encoderInputs;
  if (source) session.encode(sequenceOf(source, 2 * 3), { lengths: [3, 1] });
  requireNumbers(model, session.run(sequenceOf(model.inputs[0]!, 2 * 4), { lengths: [2, 4] }));
}

/** `count` times one timestep: the last token, or features of either sign. */
function sequenceOf({ kind, size }: GraphInput, count: number): Float32Array | Uint32Array {
  if (kind === 'tokens') return new Uint32Array(count).fill(size - 1);
  return Float32Array.from({ length: count * size }, (_, i) => Math.sin(i % size));
}

function requireNumbers(model: Model, values: Float32Array): void {
  if (isModerate(model) && !values.every(Number.isFinite)) throw new Error(`outputs are ${values}`);
}

/** Whether all its outputs must be numbers: a quotient may be infinite, and the root of what is negative is none. */
function isModerate({ definition }: Model): boolean {
  const { encoder, nodes } = definition.graph;
  for (const node of [...(encoder?.nodes ?? []), ...nodes])
    if (node.type === 'div' || ('activation' in node && node.activation === 'sqrt')) return false;
  for (const { dtype, data } of definition.tensors.values())
    if (dtype === 'F32' && !data.every((value) => Math.abs(value) <= MODERATE)) return false;
  return true;
}
