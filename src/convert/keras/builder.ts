/** The graph while layers are added to it, and what is told of them. */
import { RivuletError, show } from '../../errors.ts';
import type { GraphInput, GraphNode, Tensor } from '../../graph/definition.ts';
import { describe } from '../../graph/fields.ts';
import { MAX_SIZE } from '../../graph/limits.ts';

/**
 * What a layer gives, seen from one timestep: Keras' shape without the batch and without time.
 */
export interface Flow {
  /** The input or node of the graph that holds it, channels last. */
  readonly from: string;
  readonly frame: readonly number[];
  /**
   * `each`: a value each timestep. `last`, `first`: Keras has one value for a sequence, and it is the one of this
   * timestep. `none`: Keras' shape has no time; a timestep is a sample.
   */
  readonly time: 'each' | 'last' | 'first' | 'none';
  /** Keras has the sequence in the reverse order (after go_backwards). */
  readonly reversed: boolean;
}

/** An input whose use decides whether it is features or tokens. */
interface OpenInput {
  readonly name: string;
  readonly shape: readonly unknown[] | undefined;
  kind?: GraphInput;
}

export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly tensors = new Map<string, Tensor>();
  readonly lines: string[] = [];
  readonly folded: string[] = [];
  readonly notes = new Set<string>();
  readonly #inputs: OpenInput[] = [];

  addInput(name: string, shape: unknown): Flow {
    if (shape !== undefined && !Array.isArray(shape))
      throw new RivuletError('invalid-file', `input ${show(name)}: its shape is ${describe(shape)}`);
    this.#inputs.push({ name, shape });
    return { from: name, frame: [], time: 'none', reversed: false };
  }

  get inputs(): readonly GraphInput[] {
    return this.#inputs.map(({ name, kind }) => {
      if (kind) return kind;
      throw new RivuletError('unsupported-operator', `input ${show(name)}: no layer reads it`);
    });
  }

  isInput({ from }: Flow): boolean {
    return this.#inputs.some(({ name }) => name === from);
  }

  /** A value of numbers: of an input, the features that its shape says. */
  features(flow: Flow): Flow {
    const input = this.#inputs.find(({ name }) => name === flow.from);
    if (input === undefined || flow.frame.length > 0) return flow;
    const [, ...sizes] = input.shape ?? [];
    const frame = sizes.length > 1 ? sizes.slice(1) : sizes;
    const known = frame.every((value) => Number.isSafeInteger(value) && (value as number) > 0);
    const size = (frame as readonly number[]).reduce((product, value) => product * value, 1);
    if (frame.length === 0 || !known || size > MAX_SIZE) {
      throw new RivuletError(
        'unsupported-operator',
        `input ${show(input.name)} has the shape ${JSON.stringify(input.shape ?? null).slice(0, 100)}; ` +
          `supported is [batch, timesteps, features …] with 1 to ${MAX_SIZE} features that are known`,
      );
    }
    this.#decide(input, { name: input.name, kind: 'features', size });
    const time = sizes.length > 1 ? 'each' : 'none';
    return { ...flow, frame: frame as readonly number[], time };
  }

  /** An input of tokens. */
  tokens(flow: Flow, vocabulary: number, place: string): Flow {
    const input = this.#inputs.find(({ name }) => name === flow.from);
    const rank = input?.shape?.length ?? 2;
    if (input === undefined || rank > 2) {
      throw new RivuletError(
        'unsupported-operator',
        `${place}: supported is an embedding of an input [batch, timesteps], not of what a layer gives or of more`,
      );
    }
    this.#decide(input, { name: input.name, kind: 'tokens', size: vocabulary });
    return { ...flow, time: rank === 2 ? 'each' : 'none' };
  }

  #decide(input: OpenInput, kind: GraphInput): void {
    if (input.kind && (input.kind.kind !== kind.kind || input.kind.size !== kind.size)) {
      throw new RivuletError(
        'unsupported-operator',
        `input ${show(input.name)} is read as ${input.kind.size} ${input.kind.kind} and as ${kind.size} ${kind.kind}`,
      );
    }
    input.kind = kind;
  }

  /** @returns its name */
  tensor(name: string, shape: readonly number[], data: Float32Array): string {
    this.tensors.set(name, { dtype: 'F32', shape, data });
    return name;
  }

  /** @param source what the node was in the file */
  add(node: GraphNode, source: string): void {
    this.nodes.push(node);
    this.lines.push(`${node.name}: ${node.type}, from ${source}`);
  }
}
