import { RivuletError } from '../../src/errors.ts';
import type { GraphInput } from '../../src/graph/definition.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import { loadModelSync } from '../../src/session/load.ts';
import type { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';

/** Two sessions in step: one is offered damaged snapshots, the other is left alone. */
class Pair {
  readonly model: Model;
  readonly #victim: Session;
  readonly #twin: Session;
  #timestep = 0;

  constructor(model: Model) {
    this.model = model;
    this.#victim = model.createSession();
    this.#twin = model.createSession();
    const [source] = model.encoderInputs;
    if (source) for (const session of [this.#twin, this.#victim]) session.encode(valuesOf(source, 3));
    for (let i = 0; i < 3; i++) this.#step();
  }

  /**
   * `header` or `fingerprint` where the snapshot was refused, and the next output was as if nothing had been; `accepted`
   * where it was restored, and its state with it.
   */
  offer(mutate: (snapshot: Uint8Array) => Uint8Array): string {
    const good = this.#twin.snapshot();
    const mutant = mutate(good);
    const code = this.#restore(mutant);
    if (code === undefined) {
      if (Buffer.compare(this.#victim.snapshot(), mutant) !== 0)
        throw new Error('another state was restored');
      this.#victim.restore(good);
    }
    this.#step();
    if (code === undefined) return 'accepted';
    return code === 'snapshot-mismatch' ? 'fingerprint' : this.#reached(mutant);
  }

  /** What was looked at last in a snapshot that is refused as invalid: its header, or the state behind it. */
  #reached(mutant: Uint8Array): string {
    return this.#victim
      .snapshot()
      .subarray(0, 24)
      .every((byte, i) => byte === mutant[i])
      ? 'state'
      : 'header';
  }

  #restore(mutant: Uint8Array): string | undefined {
    try {
      this.#victim.restore(mutant);
    } catch (error) {
      if (error instanceof RivuletError && /^(invalid-snapshot|snapshot-mismatch)$/.test(error.code))
        return error.code;
      throw error;
    }
    return undefined;
  }

  /** A sequence of one timestep, where the model goes backward too. */
  #step(): void {
    const input = valuesOf(this.model.inputs[0]!, 1, this.#timestep);
    const [expected, actual] = [this.#twin, this.#victim].map((session) =>
      this.model.notStreamable === undefined ? session.step(input) : session.run(input),
    );
    if (!expected!.every((value, i) => Object.is(value, actual![i])))
      throw new Error('the next output is another one');
    this.#timestep++;
  }
}

/** Timesteps of an input, from one on. */
function valuesOf({ kind, size }: GraphInput, timesteps: number, from = 0): Uint32Array | Float32Array {
  if (kind === 'tokens') return Uint32Array.from({ length: timesteps }, (_, t) => (from + t) % size);
  return Float32Array.from({ length: timesteps * size }, (_, i) => Math.sin(i + from));
}

export class SnapshotTrial {
  readonly #pairs: Pair[];

  /** Models with several inputs have no `step` and are left out. */
  constructor(module: WebAssembly.Module, files: readonly Uint8Array[]) {
    const runtime = createRuntimeSync(module);
    this.#pairs = files
      .map((file) => loadModelSync(file, { runtime }))
      .filter(({ inputs, outputs }) => inputs.length === 1 && outputs.length === 1)
      .map((model) => new Pair(model));
  }

  try(index: number, mutate: (snapshot: Uint8Array) => Uint8Array): string {
    return this.#pairs[index % this.#pairs.length]!.offer(mutate);
  }
}
