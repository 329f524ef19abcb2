import { RivuletError, show } from '../errors.ts';
import type { GraphInput, Tensor } from '../graph/definition.ts';
import { inferNode, type SectionShapes } from '../graph/infer.ts';
import { elementCount } from '../graph/tensor.ts';
import { nameOrigins } from './names.ts';
import { buildNode } from './node.ts';
import {
  type Application,
  checkValue,
  endingsOf,
  originsOf,
  type Value,
  type Vector,
  type Weight,
} from './value.ts';

/** A layer: a function of a value. Each call makes a node with weights of its own. */
export type VectorLayer = (x: Vector) => Vector;

type Layer = Pick<Application, 'call' | 'type' | 'reads'> &
  Partial<Pick<Application, 'name' | 'weights' | 'fields' | 'memory' | 'initial'>>;

/**
 * Applies a layer to values. Its shape is checked here, where the mistake is, by the same code that checks a file.
 *
 * @throws RivuletError `invalid-argument`, `invalid-graph`, `wrong-shape`, naming the layer and what it reads
 */
export function apply(layer: Layer): Vector {
  for (const value of layer.reads) checkValue(layer.call, value);
  const application: Application = {
    name: undefined,
    naming: undefined,
    weights: undefined,
    fields: {},
    memory: undefined,
    initial: undefined,
    ...layer,
  };
  const encoded = endingsOf(application);
  for (const value of encoded) checkValue(layer.call, value);
  const names = nameOrigins([...originsOf([...encoded, ...layer.reads]), application]);
  const nameOf = ({ origin }: Value) => names.get(origin)!;
  try {
    const { node, tensors } = buildNode(application, names, zeros);
    const shapes = shapesOf(layer.reads, nameOf);
    const encoder = encoded.length > 0 ? shapesOf(encoded, nameOf) : undefined;
    const { size, states = {} } = inferNode(node, NOTHING, shapes, { tensors, used: new Set() }, encoder);
    return { kind: 'features', size, origin: application, states };
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error;
    throw new RivuletError(
      error.code,
      `${layer.call} reads ${readText(layer.reads, nameOf)}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

const NOTHING = { inputs: [], nodes: [] };

function zeros({ shape }: Weight): Tensor {
  return { dtype: 'F32', shape, data: new Float32Array(elementCount(shape)!) };
}

function shapesOf(values: readonly Value[], nameOf: (value: Value) => string): SectionShapes {
  const inputs = new Map<string, GraphInput>();
  const states = new Map<string, number>();
  for (const value of values) {
    const name = nameOf(value);
    if ('input' in value.origin) inputs.set(name, value.origin.input);
    if (value.kind === 'tokens') continue;
    for (const [state, size] of Object.entries(value.states)) states.set(`${name}.${state}`, size);
  }
  return {
    inputs,
    states,
    sizes: new Map(values.map((value) => [nameOf(value), value.size])),
    hidden: new Map(),
  };
}

/** 256 values of "lstm" and 40 values of "x" */
function readText(values: readonly Value[], nameOf: (value: Value) => string): string {
  const what = { tokens: 'tokens', features: 'values' };
  return values.map((value) => `${value.size} ${what[value.kind]} of ${show(nameOf(value))}`).join(' and ');
}
