/** How far a model is from what its framework gave for the same inputs. */

import { isStreamable } from '../../src/graph/reads.ts';
import {
  type GraphNode,
  loadModel,
  type Model,
  type ModelDefinition,
  RivuletError,
  type Runtime,
  type Session,
} from '../../src/index.ts';
import type { NumpyArray } from './npz/npy.ts';

export interface OutputError {
  readonly output: string;
  readonly values: number;
  readonly absolute: number;
  /** Of the absolute error, relative to the largest value that was recorded. */
  readonly relative: number;
}

/** Inputs, outputs and initial states of one recording, by name. */
export interface Recording {
  readonly timesteps: number;
  readonly batch: number;
  readonly arrays: ReadonlyMap<string, NumpyArray>;
}

type Port = { readonly name: string; readonly kind: 'features' | 'tokens'; readonly size: number };

/**
 * Matches arrays with the model by their names: an input or output is [timesteps, size] or [timesteps, batch, size]
 * (tokens without the last), a state that the session begins with [size] or [batch, size].
 *
 * @throws RivuletError `invalid-argument` for names, `wrong-shape`
 */
export function readRecording(model: Model, arrays: ReadonlyMap<string, NumpyArray>): Recording {
  const ports = new Map<string, Port>([...model.inputs, ...model.outputs].map((port) => [port.name, port]));
  const states = new Map(model.states.map(({ name, size }) => [name, size]));
  for (const name of arrays.keys()) {
    if (ports.has(name) || states.has(name)) continue;
    throw new RivuletError(
      'invalid-argument',
      `the recording holds "${name}"; the model's inputs and outputs are ${[...ports.keys()].join(', ')}` +
        (states.size > 0 ? `, its states ${[...states.keys()].join(', ')}` : ''),
    );
  }
  const missing = model.inputs.find(({ name }) => !arrays.has(name));
  if (missing) throw new RivuletError('invalid-argument', `the recording has no input "${missing.name}"`);
  if (!model.outputs.some(({ name }) => arrays.has(name)))
    throw new RivuletError(
      'invalid-argument',
      `the recording has no output (${model.outputs.map(({ name }) => name).join(', ')})`,
    );
  const first = model.inputs[0]!;
  const { timesteps, batch } = extentOf(first, arrays.get(first.name)!);
  for (const [name, array] of arrays) {
    const port = ports.get(name);
    if (port) requireExtent(port, array, timesteps, batch);
    else requireState(name, states.get(name)!, array, batch);
  }
  return { timesteps, batch, arrays };
}

function extentOf({ name, kind, size }: Port, { shape }: NumpyArray): { timesteps: number; batch: number } {
  const leading = kind === 'tokens' ? shape : shape.slice(0, -1);
  const isFitting =
    leading.length >= 1 && leading.length <= 2 && (kind === 'tokens' || shape.at(-1) === size);
  const [timesteps = 0, batch = 1] = leading;
  if (isFitting && timesteps > 0 && batch > 0) return { timesteps, batch };
  const last = kind === 'tokens' ? '' : `, ${size}`;
  throw new RivuletError(
    'wrong-shape',
    `"${name}" must be [timesteps${last}] or [timesteps, batch${last}], got [${shape.join(', ')}]`,
  );
}

function requireExtent(port: Port, array: NumpyArray, timesteps: number, batch: number): void {
  const extent = extentOf(port, array);
  if (extent.timesteps === timesteps && extent.batch === batch) return;
  throw new RivuletError(
    'wrong-shape',
    `"${port.name}" has ${extent.timesteps} timesteps of ${extent.batch} rows, the first input ${timesteps} of ${batch}`,
  );
}

function requireState(name: string, size: number, { shape, data }: NumpyArray, batch: number): void {
  if (shape.at(-1) === size && data.length === batch * size) return;
  throw new RivuletError(
    'wrong-shape',
    `the state "${name}" must be [${size}] or [${batch}, ${size}], got [${shape.join(', ')}]`,
  );
}

/** @throws RivuletError as `run`, or `not-streamable` for a model of several inputs, one of tokens, that goes backward */
export async function compareOutputs(
  definition: ModelDefinition,
  runtime: Runtime,
  recording: Recording,
): Promise<readonly OutputError[]> {
  const outputs = definition.graph.outputs.filter(({ name }) => recording.arrays.has(name));
  const errors: OutputError[] = [];
  for (const output of outputs) {
    // One output at a time, since `run`, which models that go backward need, gives one.
    const graph = { ...definition.graph, outputs: [output] };
    const wanted = { ...definition, graph };
    const joins = graph.inputs.length > 1 && !graph.nodes.every(isStreamable);
    const joined = joins ? joinInputs(wanted, recording) : undefined;
    const model = await loadModel(joined?.definition ?? wanted, { runtime });
    const given = runAll(model, joined?.recording ?? recording);
    errors.push(errorOf(output.name, given, recording.arrays.get(output.name)!.data));
    model.dispose();
  }
  return errors;
}

/**
 * A model of several vectors a timestep as one of a single vector, since `run` takes one input: slices of it have the
 * inputs' names. Nothing where an input is of tokens.
 */
function joinInputs(
  definition: ModelDefinition,
  { arrays, timesteps, batch }: Recording,
): { readonly definition: ModelDefinition; readonly recording: Recording } | undefined {
  const { graph } = definition;
  const { inputs } = graph;
  if (inputs.some(({ kind }) => kind === 'tokens')) return undefined;
  // Longer than every name of the model.
  const name = [...inputs, ...graph.nodes].map((each) => each.name).join(' ');
  const size = inputs.reduce((sum, input) => sum + input.size, 0);
  const rows = timesteps * batch;
  const data = new Float64Array(rows * size);
  let start = 0;
  const slices = inputs.map((input): GraphNode => {
    const values = arrays.get(input.name)!.data;
    for (let row = 0; row < rows; row++)
      data.set(values.subarray(row * input.size, (row + 1) * input.size), row * size + start);
    const slice = { type: 'slice', name: input.name, input: name, start, size: input.size } as const;
    start += input.size;
    return slice;
  });
  const joined = {
    ...graph,
    inputs: [{ name, kind: 'features', size }],
    nodes: [...slices, ...graph.nodes],
  } as const;
  const shape = [timesteps, batch, size];
  return {
    definition: { ...definition, graph: joined },
    recording: { timesteps, batch, arrays: new Map([...arrays, [name, { shape, data }]]) },
  };
}

function runAll(model: Model, recording: Recording): Float32Array {
  const session = model.createSession({ batchSize: recording.batch });
  for (const { name, size } of model.states) {
    const values = recording.arrays.get(name)?.data;
    if (values === undefined) continue;
    for (let row = 0; row < recording.batch; row++)
      session.setState(name, Float32Array.from(values.subarray(row * size, (row + 1) * size)), { row });
  }
  return model.inputs.length === 1
    ? runWhole(model, session, recording)
    : runSteps(model, session, recording);
}

function runWhole(model: Model, session: Session, { arrays }: Recording): Float32Array {
  const { name, kind } = model.inputs[0]!;
  const { data } = arrays.get(name)!;
  return session.run(kind === 'tokens' ? Array.from(data) : Float32Array.from(data));
}

function runSteps(model: Model, session: Session, { timesteps, batch, arrays }: Recording): Float32Array {
  const { name: output, size } = model.outputs[0]!;
  const all = new Float32Array(timesteps * batch * size);
  for (let t = 0; t < timesteps; t++) {
    const inputs = Object.fromEntries(
      model.inputs.map(({ name, kind, size }) => {
        const width = batch * (kind === 'tokens' ? 1 : size);
        const values = arrays.get(name)!.data.subarray(t * width, (t + 1) * width);
        return [name, kind === 'tokens' ? Uint32Array.from(values) : Float32Array.from(values)];
      }),
    );
    session.stepNamed(inputs, { [output]: all.subarray(t * batch * size, (t + 1) * batch * size) });
  }
  return all;
}

function errorOf(output: string, given: Float32Array, recorded: Float64Array): OutputError {
  let [absolute, largest] = [0, 0];
  for (let i = 0; i < recorded.length; i++) {
    const error = Math.abs(given[i]! - recorded[i]!);
    // A recording with NaN agrees with nothing.
    absolute = Number.isNaN(error) ? Infinity : Math.max(absolute, error);
    largest = Math.max(largest, Math.abs(recorded[i]!));
  }
  const relative = absolute === 0 ? 0 : absolute / largest;
  return { output, values: recorded.length, absolute, relative };
}
