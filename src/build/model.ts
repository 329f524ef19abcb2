import { RivuletError, show } from '../errors.ts';
import type {
  GraphInput,
  GraphNode,
  ModelDefinition,
  Tensor,
  TokenizerDefinition,
} from '../graph/definition.ts';
import { describe } from '../graph/fields.ts';
import { elementCount } from '../graph/tensor.ts';
import { inferShapes } from '../graph/validate.ts';
import { Draws, Purpose } from '../runtime/draws.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Stream } from './initializers.ts';
import { nameOrigins } from './names.ts';
import { buildNode } from './node.ts';
import {
  type Application,
  checkValue,
  endingsOf,
  type Origin,
  originsOf,
  type Value,
  type Vector,
} from './value.ts';

export interface BuildOptions {
  /** Whose generator draws the weights; the definition does not depend on it. */
  readonly runtime: Runtime;
  /** Of the weights: a non-negative safe integer, 0 unless given. One seed gives the same bits on every engine. */
  readonly seed?: number;
  readonly tokenizer?: TokenizerDefinition;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ModelParts extends BuildOptions {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Vector>>;
  /** Where values of an encoder are attended to or begin states: its inputs. */
  readonly encoder?: { readonly inputs: readonly Value[] };
}

/**
 * A model with random weights out of the values of its outputs and what they were made of:
 *
 *     const x = input('x', 40);
 *     const h = lstm(64)(x);
 *     const y = dense(10)(concat([h, x]));
 *     const definition = model({ inputs: [x], outputs: { y }, runtime, seed: 7 });
 *
 * Nodes have the names that they were given, else their type's, numbered: `lstm`, `lstm2`; tensors those of a PyTorch
 * state_dict. Weights are drawn node by node, in the order in which they run:
 *
 *     recurrent matrices   orthogonal, gate by gate (Saxe, McClelland and Ganguli 2014)
 *     other matrices       U(-a, a), a = sqrt(6 / (inputs + units)), gate by gate (Glorot and Bengio 2010);
 *                          of a convolution before a ReLU a = sqrt(6 / inputs) (He et al. 2015)
 *     embedding            U(-1, 1)
 *     norms                scale 1, shift 0
 *     biases               0, but 1 for a forget gate (Jozefowicz, Zaremba and Sutskever 2015)
 *     peepholes, h0, c0    0
 *
 * @throws RivuletError `invalid-argument`, `invalid-graph`, `wrong-shape`, `invalid-tokenizer`, naming the node
 */
export function model(parts: ModelParts): ModelDefinition {
  const { inputs, outputs, encoder, tokenizer, metadata } = parts;
  if (typeof outputs !== 'object' || outputs === null) {
    throw invalid(`outputs must be an object of values by their names, got ${describe(outputs)}`);
  }
  const section = sectionOf(
    Object.entries(outputs).map(([name, value]) => checked(`output ${show(name)}`, value)),
  );
  const before = sectionOf(section.applications.flatMap(endingsOf));
  checkApart(section, before);
  checkInputs('inputs', inputs, section);
  if (encoder || before.origins.length > 0) checkInputs('encoder: inputs', encoder?.inputs ?? [], before);
  const names = nameOrigins([...before.origins, ...section.origins]);
  const tensors = new Map<string, Tensor>();
  const stream = streamOf(parts);
  const build = ({ applications }: Section) =>
    applications.map((application) => buildInto(tensors, application, names, stream));
  const encoderNodes = build(before);
  const nodes = build(section);
  const definition: ModelDefinition = {
    graph: {
      ...(encoder && { encoder: { inputs: encoder.inputs.map(graphInput), nodes: encoderNodes } }),
      inputs: inputs.map(graphInput),
      outputs: Object.entries(outputs).map(([name, { origin }]) => ({ name, from: names.get(origin)! })),
      nodes,
    },
    tensors,
    ...(tokenizer && { tokenizer }),
    ...(metadata && { metadata }),
  };
  inferShapes(definition);
  return definition;
}

/** What runs together, in its order. */
interface Section {
  readonly origins: readonly Origin[];
  readonly applications: readonly Application[];
}

function sectionOf(values: readonly Value[]): Section {
  const origins = originsOf(values);
  return { origins, applications: origins.filter((origin) => 'call' in origin) };
}

function checked(place: string, value: Vector): Vector {
  checkValue(place, value);
  return value;
}

/** Only attention and initial states reach into the encoder. */
function checkApart(section: Section, encoder: Section): void {
  const both = section.applications.find((application) => encoder.origins.includes(application));
  if (!both) return;
  throw new RivuletError(
    'invalid-graph',
    `${both.call} is part of the encoder, and outputs are made of it too; ` +
      'only `attention` and `initial` reach into the encoder',
  );
}

/** The inputs that are listed must be those that the values were made of. */
function checkInputs(what: string, values: readonly Value[], { origins }: Section): void {
  if (!Array.isArray(values)) throw invalid(`${what} must be an array of values, got ${describe(values)}`);
  const listed = values.map((value) => checked(what, value as Vector).origin);
  const made = listed.find((origin) => !('input' in origin));
  if (made)
    throw invalid(
      `${what}: ${(made as Application).call} is no input; inputs are what \`input\` and \`tokens\` give`,
    );
  const missing = origins.find((origin) => 'input' in origin && !listed.includes(origin));
  if (missing) throw invalid(`${what} must list ${show(nameOf(missing))}, which the values were made of`);
  const unused = listed.find((origin) => !origins.includes(origin));
  if (unused) throw invalid(`${what} lists ${show(nameOf(unused))}, which no value was made of; remove it`);
}

function nameOf(origin: Origin): string {
  return 'input' in origin ? origin.input.name : origin.call;
}

function graphInput({ origin }: Value): GraphInput {
  return (origin as { readonly input: GraphInput }).input;
}

function streamOf({ runtime, seed = 0 }: BuildOptions): Stream {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw invalid(`seed must be a non-negative safe integer, got ${show(seed)}`);
  if (runtime === undefined)
    throw invalid('runtime must be given: its generator draws the weights; see createRuntime');
  return { draws: new Draws(runtime, seed, Purpose.Weights), index: 0 };
}

function buildInto(
  tensors: Map<string, Tensor>,
  application: Application,
  names: ReadonlyMap<Origin, string>,
  stream: Stream,
): GraphNode {
  const built = buildNode(application, names, ({ shape, fill }) => {
    const data = new Float32Array(elementCount(shape)!);
    fill?.(data, stream);
    return { dtype: 'F32', shape, data };
  });
  for (const [name, tensor] of built.tensors) {
    if (tensors.has(name))
      throw invalid(`two layers are named so that both have a tensor ${show(name)}; rename one`);
    tensors.set(name, tensor);
  }
  return built.node;
}

function invalid(message: string): RivuletError {
  return new RivuletError('invalid-argument', message);
}
