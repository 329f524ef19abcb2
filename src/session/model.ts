import { SectionKind } from '../../assembly/shared/codes.ts';
import type { Adapter } from '../adapters/adapter.ts';
import { type AdapterRoom, readRoom } from '../adapters/matrices.ts';
import { type AdapterLayout, PlacedAdapters } from '../adapters/place.ts';
import { RivuletError, show } from '../errors.ts';
import { serializeModel } from '../formats/model-file.ts';
import type { GraphInput, GraphNode, ModelDefinition, NodeType } from '../graph/definition.ts';
import { inferShapes } from '../graph/validate.ts';
import { type Fingerprint, type PlacedPlan, placePlan } from '../plan/place.ts';
import { planModel } from '../plan/plan.ts';
import type { StateInfo } from '../plan/writer.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTokenizer, type Tokenizer } from '../text/tokenizer.ts';
import { Block } from './block.ts';
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
  /** Streams in step with each other, at least 1 (default). */
  batchSize?: number;
  /** A snapshot from which all rows go on. */
  state?: Uint8Array;
  /** What these streams compute with besides the weights of the model, which was loaded with room for `adapters`. */
  adapter?: Adapter;
}

/**
 * Rows that `run` computes at once, in constant memory, where a timestep has fewer. Odd: with 64 rows the panels of a buffer would lie 4 KiB
 * apart and share one set of the first-level cache.
 */
const RUN_ROWS = 63;

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
  /** @internal Those of the main section, with their numbers in the plan. */
  readonly states: readonly (StateInfo & { readonly index: number })[];
  /** @internal All their values. */
  readonly stateLength: number;
  /** @internal */
  readonly encoderInputs: readonly GraphInput[];
  /** @internal The first node that reads what the encoder leaves. */
  readonly encoderReader: string | undefined;
  /** @internal The first node that goes backward through time, for which no step can be made. */
  readonly notStreamable: string | undefined;
  /** @internal For the adapters of sessions. */
  readonly room: AdapterLayout | undefined;
  /** @internal Those that its sessions have. */
  readonly placedAdapters: PlacedAdapters;
  #disposed = false;
  #sessions = new Set<Session>();
  #runner: Block | undefined;
  #sampler: number | undefined;

  /** @internal */
  constructor(runtime: Runtime, definition: ModelDefinition, adapters?: AdapterRoom) {
    const { sizes, firstNotStreamable } = inferShapes(definition);
    const { graph } = definition;
    const room = adapters && readRoom(adapters, definition);
    const plan = planModel(definition, room);
    this.runtime = runtime;
    this.definition = definition;
    this.states = plan.states
      .map((state, index) => ({ ...state, index }))
      .filter(({ section }) => section === SectionKind.Main);
    this.stateLength = this.states.reduce((sum, { size }) => sum + size, 0);
    this.inputs = graph.inputs;
    this.encoderInputs = graph.encoder?.inputs ?? [];
    this.encoderReader = graph.nodes.find(readsEncoder)?.name;
    this.notStreamable = firstNotStreamable;
    this.outputs = graph.outputs.map(({ name, from }) => ({
      name,
      kind: 'features',
      size: sizes.get(from)!,
    }));
    this.layers = [...(graph.encoder?.nodes ?? []), ...graph.nodes].map((node) =>
      describeLayer(node, definition, sizes.get(node.name)!),
    );
    this.tokenizer = definition.tokenizer && createTokenizer(definition.tokenizer);
    this.metadata = definition.metadata ?? {};
    this.plan = placePlan(runtime, plan, definition);
    this.fingerprint = this.plan.fingerprint;
    this.room = room && { ...room, bytes: plan.privateBytes, parts: plan.privateMatrices };
    this.placedAdapters = new PlacedAdapters(this);
  }

  /** Bytes of the plan in linear memory: weights as the kernels read them, and the tables. */
  get planBytes(): number {
    return this.plan.byteLength;
  }

  /** Bytes of a session of one row in linear memory; with an encoder, that of its sequences comes to it. */
  get sessionBytes(): number {
    this.assertAlive();
    return this.runtime.exports.sessionBytes(this.plan.address, 1, 1, this.#leastMemory);
  }

  /**
   * A new stream, or `batchSize` of them, in the initial state or in that of a snapshot.
   *
   * @throws RivuletError `disposed`, `invalid-argument`, `out-of-memory`, `invalid-snapshot`, `snapshot-mismatch`,
   * and what `session.setAdapter` throws
   */
  createSession(options: SessionOptions = {}): Session {
    this.assertAlive();
    const { batchSize = 1, state, adapter } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new RivuletError(
        'invalid-argument',
        `batchSize must be a positive integer, got ${show(batchSize)}`,
      );
    }
    const block = new Block(this, batchSize, 1, this.#leastMemory);
    const session = new Session(this, block, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    try {
      if (adapter !== undefined) session.setAdapter(adapter);
      if (state !== undefined) session.restore(state);
    } catch (error) {
      session.dispose();
      throw error;
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
    this.#runner?.free();
    if (this.#sampler !== undefined) this.runtime.free(this.#sampler);
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

  /**
   * @internal The block of many timesteps in which every session's `run` computes: made when it is first needed, and
   * again when it has other rows or too little room. It holds nothing from one `run` to the next.
   */
  runner(rows: number, timesteps: number, memory: number): Block {
    const chunk = this.notStreamable === undefined ? Math.max(1, Math.floor(RUN_ROWS / rows)) : timesteps;
    const old = this.#runner;
    if (old && old.rows === rows && old.chunk >= chunk && old.memory >= memory) return old;
    this.#runner = undefined;
    old?.free();
    this.#runner = new Block(this, rows, chunk, memory);
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

  /** Timesteps of the encoder's sequence for which a session has room at first. */
  get #leastMemory(): number {
    return this.encoderInputs.length > 0 ? 1 : 0;
  }
}

function readsEncoder(node: GraphNode): boolean {
  return node.type === 'attention' || ('initial' in node && node.initial !== undefined);
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
