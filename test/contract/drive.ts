/** Inputs of a variant, and its model run in every way that a session has, and in float64. */
import type { GraphInput, ModelDefinition } from '../../src/graph/definition.ts';
import type { Model } from '../../src/session/model.ts';
import type { Session } from '../../src/session/session.ts';
import type { Value } from '../reference/autodiff.ts';
import { ReferenceGraph, sequenceOf } from '../reference/graph.ts';
import { Random } from '../reference/random.ts';

/** Beyond what a session runs at once. */
export const TIMESTEPS = 67;
/** Of the encoder's sequence. */
const MEMORY = 13;

export type Rows = Float32Array | Uint32Array;

/** One stream: the sequence of the graph, and that of its encoder. */
export interface Stream {
  readonly inputs: Rows;
  readonly memory: Rows | undefined;
}

/** Of N(0, 1), or tokens. A stream's vector at some timesteps is zero. */
export function randomRows({ kind, size }: GraphInput, rows: number, random: Random): Rows {
  if (kind === 'tokens') return random.integers(rows, 0, size);
  const values = random.gaussians(rows * size);
  for (let row = 5; row < rows; row += 17) values.fill(0, row * size, (row + 1) * size);
  return values;
}

export function randomStream({ graph }: ModelDefinition, seed: number): Stream {
  const random = new Random(seed);
  const inputs = randomRows(graph.inputs[0]!, TIMESTEPS, random);
  return { inputs, memory: graph.encoder && randomRows(graph.encoder.inputs[0]!, MEMORY, random) };
}

/** Columns of a row. */
export function widthOf({ kind, size }: GraphInput): number {
  return kind === 'tokens' ? 1 : size;
}

/** The output of the whole sequence in float64: [timesteps, size]. */
export function reference(definition: ModelDefinition, { inputs, memory }: Stream): Float64Array {
  const graph = new ReferenceGraph(definition);
  const section = (input: GraphInput, rows: Rows): Record<string, Value[]> => ({
    [input.name]: sequenceOf(rows, widthOf(input)),
  });
  const { encoder, inputs: ports, outputs } = definition.graph;
  const encoded = encoder && memory ? graph.encode(section(encoder.inputs[0]!, memory)) : undefined;
  const run = graph.run(section(ports[0]!, inputs), { encoded });
  const values = run.values.get(outputs[0]!.from)!;
  return Float64Array.from(values.flatMap(({ data }) => [...data]));
}

/** A session at the beginning of a stream. */
export function begin(model: Model, { memory }: Stream): Session {
  const session = model.createSession();
  if (memory) session.encode(memory);
  return session;
}

/** The sequence in one call. */
export function runWhole(model: Model, stream: Stream): Float32Array {
  using session = begin(model, stream);
  return session.run(stream.inputs);
}

/** Timestep by timestep. */
export function runSteps(model: Model, stream: Stream): Float32Array {
  using session = begin(model, stream);
  const width = widthOf(model.inputs[0]!);
  const { size } = model.outputs[0]!;
  const out = new Float32Array(TIMESTEPS * size);
  for (let t = 0; t < TIMESTEPS; t++) {
    const x = stream.inputs.slice(t * width, (t + 1) * width);
    session.step(x, out.subarray(t * size, (t + 1) * size));
  }
  return out;
}

/** In pieces of random length, by `run` and `process` in turn; tokens by `run` alone. */
export function runPieces(model: Model, stream: Stream): Float32Array {
  using session = begin(model, stream);
  const random = new Random(3);
  const width = widthOf(model.inputs[0]!);
  const { size } = model.outputs[0]!;
  const out = new Float32Array(TIMESTEPS * size);
  for (let from = 0, piece = 0; from < TIMESTEPS; piece++) {
    const to = Math.min(TIMESTEPS, from + random.integer(1, 40));
    const inputs = stream.inputs.slice(from * width, to * width);
    const room = out.subarray(from * size, to * size);
    if (piece % 2 === 1 && inputs instanceof Float32Array) session.process(inputs, room, to - from);
    else session.run(inputs, { out: room });
    from = to;
  }
  return out;
}

/** The first timesteps of a stream, and of its encoder's sequence. */
export function shorten(
  { graph }: ModelDefinition,
  stream: Stream,
  timesteps: number,
  memory: number,
): Stream {
  return {
    inputs: stream.inputs.slice(0, timesteps * widthOf(graph.inputs[0]!)),
    memory: stream.memory?.slice(0, memory * (graph.encoder ? widthOf(graph.encoder.inputs[0]!) : 0)),
  };
}

/** One stream out of several side by side. */
export function separate(whole: Float32Array, row: number, batch: number, size: number): Float32Array {
  const timesteps = whole.length / (batch * size);
  return Float32Array.from({ length: timesteps * size }, (_, n) => {
    return whole[(Math.floor(n / size) * batch + row) * size + (n % size)]!;
  });
}

/** Streams of one length side by side: [timesteps, batch, size]. */
export function interleave(rows: readonly Rows[], width: number): Rows {
  const { length } = rows[0]!;
  const whole = new (rows[0]!.constructor as new (length: number) => Rows)(length * rows.length);
  for (const [row, values] of rows.entries())
    for (let n = 0; n < length; n++)
      whole[(Math.floor(n / width) * rows.length + row) * width + (n % width)] = values[n]!;
  return whole;
}

/** As words, so that -0 is not 0. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}

/** Whether no node outside the encoder goes backward through time. */
export function isStreamable({ graph }: ModelDefinition): boolean {
  return graph.nodes.every((node) => !('direction' in node) || (node.direction ?? 'forward') === 'forward');
}
