/**
 * The stream that every JavaScript host runs, over the public API alone: bundled into the entries of this folder, it may
 * use nothing that a Worker or a page lacks.
 */
type Rivulet = Pick<typeof import('../../src/index.ts'), 'createRuntimeSync' | 'fineTune' | 'loadModelSync'>;

/** A case as JSON carries it: bytes in base64. */
export interface StreamCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: string;
  readonly kind: 'features' | 'tokens';
  /** Epochs of fine-tuning on the inputs, which are tokens, before the model streams them. */
  readonly epochs: number;
}

export interface StreamResult {
  /** What the host says it is. */
  readonly engine: string;
  /** The build that the host's instance reports. */
  readonly build: string;
  /** By case, SHA-256 of the outputs. */
  readonly hashes: Readonly<Record<string, string>>;
}

export async function streamCases(
  rivulet: Rivulet,
  wasm: WebAssembly.Module,
  engine: string,
  cases: readonly StreamCase[],
): Promise<StreamResult> {
  const hashes: Record<string, string> = {};
  for (const { name, model, inputs, kind, epochs } of cases) {
    const { buffer } = fromBase64(inputs);
    const values = kind === 'tokens' ? new Uint32Array(buffer) : new Float32Array(buffer);
    hashes[name] = await streamHash(rivulet, wasm, fromBase64(model), values, epochs);
  }
  return { engine, build: rivulet.createRuntimeSync(wasm).build, hashes };
}

/** SHA-256, in hexadecimal, of the outputs [timesteps, size] of a session that steps through the inputs. */
export async function streamHash(
  rivulet: Rivulet,
  wasm: WebAssembly.Module,
  modelBytes: Uint8Array,
  inputs: Float32Array | Uint32Array,
  epochs = 0,
): Promise<string> {
  const outputs = await streamOutputs(rivulet, wasm, modelBytes, inputs, epochs);
  const digest = await crypto.subtle.digest('SHA-256', outputs);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function streamOutputs(
  rivulet: Rivulet,
  wasm: WebAssembly.Module,
  modelBytes: Uint8Array,
  inputs: Float32Array | Uint32Array,
  epochs = 0,
): Promise<Float32Array<ArrayBuffer>> {
  let model = rivulet.loadModelSync(modelBytes, { runtime: rivulet.createRuntimeSync(wasm) });
  if (epochs > 0) {
    const options = { epochs, batchSize: 3, unroll: 20, dropout: 0.1, seed: 5, schedule: 'cosine' } as const;
    ({ model } = await rivulet.fineTune(model, inputs as Uint32Array, options));
  }
  const session = model.createSession();
  const width = inputs instanceof Float32Array ? model.inputs[0]!.size : 1;
  const size = model.outputs[0]!.size;
  const outputs = new Float32Array((inputs.length / width) * size);
  for (let from = 0, to = 0; from < inputs.length; from += width, to += size) {
    const input = inputs instanceof Float32Array ? inputs.subarray(from, from + width) : inputs[from]!;
    session.step(input, outputs.subarray(to, to + size));
  }
  return outputs;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
