import { RivuletError, show } from '../errors.ts';
import { serializeModel } from '../formats/model-file.ts';
import type { GraphInput, ModelDefinition, NodeType } from '../graph/definition.ts';
import { inferShapes } from '../graph/validate.ts';
import { type Fingerprint, type PlacedPlan, placePlan } from '../plan/place.ts';
import { planModel } from '../plan/plan.ts';
import type { StateInfo } from '../plan/writer.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { Session } from './session.ts';

export interface ModelOutput {
  readonly name: string;
  readonly kind: 'features';
  /** Values each timestep. */
  readonly size: number;
}

export interface Layer {
  readonly name: string;
  readonly type: NodeType;
  /** Values each timestep. */
  readonly size: number;
  readonly parameters: number;
  /** Bytes of its tensors in the model file. */
  readonly bytes: number;
  /** `int8` where its matrices are. */
  readonly weights: 'float32' | 'int8' | 'none';
}

export interface SessionOptions {
  /** Streams in step with each other. Only 1 yet. */
  batchSize?: number;
  /** A snapshot to go on from. */
  state?: Uint8Array;
}

/**
 * Timesteps that `run` computes at once, in constant memory. Odd: with 64 rows the panels of a buffer would lie 4 KiB
 * apart and share one set of the first-level cache.
 */
const RUN_CHUNK = 63;

/** @internal A session of `chunk` timesteps, and room for as many rows of the widest input or output. */
export interface Runner {
  readonly session: number;
  readonly staging: number;
  readonly chunk: number;
}

/**
 * A model in a runtime's memory: immutable, shared by all its sessions. Made by `loadModel` or `loadModelSync`.
 */
export class Model {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly ModelOutput[];
  readonly layers: readonly Layer[];
  readonly tokenizer: Tokenizer | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fingerprint: Fingerprint;
  readonly definition: ModelDefinition;
  /** @internal */
  readonly runtime: Runtime;
  /** @internal */
  readonly plan: PlacedPlan;
  /** @internal */
  readonly states: readonly StateInfo[];
  #disposed = false;
  #sessions = new Set<Session>();
  #runner: Runner | undefined;
  #sampler: number | undefined;

  /** @internal */
  constructor(runtime: Runtime, definition: ModelDefinition) {
    const { sizes } = inferShapes(definition);
    const { graph } = definition;
    const plan = planModel(definition);
    this.runtime = runtime;
    this.definition = definition;
    this.states = plan.states;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs.map(({ name, from }) => ({
      name,
      kind: 'features',
      size: sizes.get(from)!,
    }));
    this.layers = graph.nodes.map((node) => describeLayer(node, definition, sizes.get(node.name)!));
    this.tokenizer = definition.tokenizer && createTokenizer(definition.tokenizer);
    this.metadata = definition.metadata ?? {};
    this.plan = placePlan(runtime, plan, definition);
    this.fingerprint = this.plan.fingerprint;
  }

  /** Bytes of the plan in linear memory: weights as the kernels read them, and the tables. */
  get planBytes(): number {
    return this.plan.byteLength;
  }

  /** Bytes of one session of this model in linear memory. */
  get sessionBytes(): number {
    this.assertAlive();
    return this.runtime.exports.sessionBytes(this.plan.address, 1, 1);
  }

  /**
   * A new stream, in the zero state or in that of a snapshot.
   *
   * @throws RivuletError `disposed`, `not-supported`, `out-of-memory`, `invalid-snapshot`, `snapshot-mismatch`
   */
  createSession(options: SessionOptions = {}): Session {
    this.assertAlive();
    const { batchSize = 1, state } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new RivuletError(
        'invalid-argument',
        `batchSize must be a positive integer, got ${show(batchSize)}`,
      );
    }
    if (batchSize !== 1) {
      throw new RivuletError(
        'not-supported',
        `batchSize ${batchSize}: a session holds one stream yet, create ${batchSize} sessions`,
      );
    }
    const session = new Session(this, this.#block(1), () => this.#sessions.delete(session));
    this.#sessions.add(session);
    if (state !== undefined) {
      try {
        session.restore(state);
      } catch (error) {
        session.dispose();
        throw error;
      }
    }
    return session;
  }

  /** The model as a file. Reading it gives the same model, and the same bytes again. */
  toBytes(): Uint8Array {
    return serializeModel(this.definition);
  }

  /** Frees the model and all its sessions; whatever is called on them afterwards throws `disposed`. */
  dispose(): void {
    if (this.#disposed) return;
    for (const session of [...this.#sessions]) session.dispose();
    for (const block of [this.#runner?.session, this.#runner?.staging, this.#sampler]) {
      if (block) this.runtime.free(block);
    }
    this.runtime.free(this.plan.address);
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal @throws RivuletError `disposed` */
  assertAlive(): void {
    if (this.#disposed) throw new RivuletError('disposed', 'the model is disposed: load it again');
  }

  /** @internal The session of many timesteps in which every session's `run` computes, made when it is first needed. */
  get runner(): Runner {
    this.#runner ??= this.#makeRunner();
    return this.#runner;
  }

  /** @internal Room in which tokens are sampled: two values per output. */
  get sampler(): number {
    this.#sampler ??= this.runtime.allocate(
      8 * Math.max(...this.outputs.map(({ size }) => size)),
      'sampling',
    );
    return this.#sampler;
  }

  #makeRunner(): Runner {
    const widest = Math.max(...[...this.inputs, ...this.outputs].map(({ size }) => size));
    const session = this.#block(RUN_CHUNK);
    try {
      const staging = this.runtime.allocate(4 * RUN_CHUNK * widest, 'running a sequence');
      return { session, staging, chunk: RUN_CHUNK };
    } catch (error) {
      this.runtime.free(session);
      throw error;
    }
  }

  #block(chunk: number): number {
    const { exports } = this.runtime;
    const bytes = exports.sessionBytes(this.plan.address, 1, chunk);
    const block = this.runtime.allocate(bytes, 'a session');
    exports.sessionInit(block, this.plan.address, 1, chunk);
    return block;
  }
}

function describeLayer(
  node: ModelDefinition['graph']['nodes'][number],
  definition: ModelDefinition,
  size: number,
): Layer {
  let parameters = 0;
  let bytes = 0;
  let weights: Layer['weights'] = 'none';
  for (const name of 'tensors' in node ? Object.values(node.tensors as Record<string, string>) : []) {
    const { data, dtype } = definition.tensors.get(name)!;
    parameters += data.length;
    bytes += data.byteLength + (definition.tensors.get(`${name}.scale`)?.data.byteLength ?? 0);
    if (weights !== 'int8') weights = dtype === 'I8' ? 'int8' : 'float32';
  }
  return { name: node.name, type: node.type, size, parameters, bytes, weights };
}
