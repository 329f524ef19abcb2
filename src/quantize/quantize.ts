/**
 * Symmetric int8 with one scale per output row. A row of float32 weights w becomes
 *
 *     scale = max |w| / 127                                     float32; 0 for a row of zeros
 *     q     = round(clamp(w / scale, -127, 127))                int8, ties to even
 *     ŵ     = scale * q
 */
import { RivuletError, show } from '../errors.ts';
import type { GraphNode, ModelDefinition, Tensor } from '../graph/definition.ts';
import { describe, readFields } from '../graph/fields.ts';
import { scaleName } from '../graph/node-tensors.ts';
import { kindOf } from '../graph/nodes/table.ts';
import { allNodes } from '../graph/reads.ts';
import { inferShapes } from '../graph/validate.ts';
import { measureError, type QuantizationReport, type QuantizedLayer, summarize } from './report.ts';

export interface QuantizeOptions {
  readonly weights: 'int8';
  /** Names of nodes that stay float32. */
  readonly keep?: readonly string[];
}

type Float32Tensor = Extract<Tensor, { dtype: 'F32' }>;
type Int8Tensor = Extract<Tensor, { dtype: 'I8' }>;

/**
 * Quantizes the matrices that a step multiplies by: of recurrent and dense nodes and of convolutions, in the encoder too.
 * Embeddings and vectors (biases, peepholes, norms) stay float32. So does a matrix that a node which stays float32 uses
 * too (a head that shares its weight with the embedding).
 * `source` is left as it is; tensors that do not change are shared with it.
 *
 * @throws RivuletError `invalid-argument` (options, a model that has int8 matrices already), `not-supported`
 * (other kinds of weights), `non-finite-weight`
 */
export function quantize(
  source: ModelDefinition | { readonly definition: ModelDefinition },
  options: QuantizeOptions,
): { definition: ModelDefinition; report: QuantizationReport } {
  const definition = isWrapped(source) ? source.definition : source;
  inferShapes(definition);
  const nodes = allNodes(definition.graph);
  const matrices = int8Matrices(definition, options);
  const tensors = new Map(definition.tensors);
  const layers: QuantizedLayer[] = [];
  for (const node of nodes) {
    const names = matricesOf(node).filter((name) => matrices.has(name));
    if (names.length === 0) continue;
    for (const name of names) replaceMatrix(name, definition.tensors, tensors);
    layers.push(measureError(node.name, names, definition.tensors, tensors));
  }
  const report = summarize(layers, definition.tensors, tensors);
  return { definition: { ...definition, tensors }, report };
}

/**
 * The names of the tensors that `quantize` makes int8.
 *
 * @throws RivuletError `invalid-argument`, `not-supported` (options)
 */
export function int8Matrices({ graph }: ModelDefinition, options: QuantizeOptions): ReadonlySet<string> {
  const nodes = allNodes(graph);
  const { keep } = checkQuantizeOptions(options, nodes, 'options');
  const float32 = namesThatStay(nodes, new Set(keep));
  return new Set(nodes.flatMap(matricesOf).filter((name) => !float32.has(name)));
}

function isWrapped(source: object): source is { readonly definition: ModelDefinition } {
  return typeof source === 'object' && source !== null && 'definition' in source;
}

/**
 * @param shape [rows, columns], or [rows, …] of a convolution
 * @throws RivuletError `non-finite-weight`
 */
export function quantizeMatrix(
  name: string,
  { shape, data }: Float32Tensor,
): { readonly matrix: Int8Tensor; readonly scale: Float32Tensor } {
  const [rows = 0] = shape;
  const columns = data.length / rows;
  const quantized = new Int8Array(data.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const weights = data.subarray(row * columns, (row + 1) * columns);
    const scale = Math.fround(largestMagnitude(name, row, weights) / 127);
    scales[row] = scale;
    // Also where the largest weight is so small that its scale rounds to zero.
    if (scale === 0) continue;
    for (let column = 0; column < columns; column++) {
      const scaled = Math.fround(weights[column]! / scale);
      quantized[row * columns + column] = roundHalfToEven(Math.min(127, Math.max(-127, scaled)));
    }
  }
  return {
    matrix: { dtype: 'I8', shape, data: quantized },
    scale: { dtype: 'F32', shape: [rows], data: scales },
  };
}

/** @throws RivuletError `non-finite-weight` */
function largestMagnitude(name: string, row: number, weights: Float32Array): number {
  let largest = 0;
  for (let column = 0; column < weights.length; column++) {
    const magnitude = Math.abs(weights[column]!);
    if (!(magnitude < Infinity)) {
      throw new RivuletError(
        'non-finite-weight',
        `tensor ${show(name)}[${row}, ${column}] is ${weights[column]}; only finite weights can be quantized`,
      );
    }
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

/** Adding and subtracting 1.5 * 2^52 leaves an integer, rounded by the addition; exact for |x| < 2^51. */
function roundHalfToEven(x: number): number {
  return x + 6755399441055744 - 6755399441055744;
}

/**
 * @param place what the options are called in a message
 * @throws RivuletError `invalid-argument`, `not-supported`
 */
export function checkQuantizeOptions(
  options: unknown,
  nodes: readonly GraphNode[],
  place: string,
): Required<QuantizeOptions> {
  return readFields(options, place, 'invalid-argument', (fields) => {
    const weights = fields.value('weights');
    if (weights === 'int4' || weights === 'int16') {
      throw new RivuletError(
        'not-supported',
        `${place}: weights ${show(weights)} is not supported yet; use "int8"`,
      );
    }
    if (weights !== 'int8') {
      throw new RivuletError(
        'invalid-argument',
        `${place}: weights must be "int8", got ${describe(weights)}`,
      );
    }
    const keep = fields.has('keep') ? fields.strings('keep') : [];
    const unknown = keep.find((name) => !nodes.some((node) => node.name === name));
    if (unknown !== undefined) {
      const known = nodes.map(({ name }) => show(name)).join(', ');
      throw new RivuletError(
        'invalid-argument',
        `${place}: keep names ${show(unknown)}; the nodes are ${known}`,
      );
    }
    return { weights, keep };
  });
}

/** The matrices of a node that may be int8, by their names in the file. */
function matricesOf(node: GraphNode): readonly string[] {
  const roles: Readonly<Record<string, string>> = 'tensors' in node ? { ...node.tensors } : {};
  return kindOf(node)
    .matrices.flatMap((role) => [roles[role], roles[`${role}_reverse`]])
    .filter((name) => name !== undefined);
}

/** Tensors that a node uses which stays float32, or in a role that does. */
function namesThatStay(nodes: readonly GraphNode[], keep: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of nodes) {
    if (!('tensors' in node)) continue;
    const matrices = keep.has(node.name) ? [] : matricesOf(node);
    for (const name of Object.values({ ...node.tensors })) if (!matrices.includes(name)) names.add(name);
  }
  return names;
}

/**
 * Puts a matrix and its scales into `tensors`. A matrix that two nodes share comes twice and gives the same.
 */
function replaceMatrix(
  name: string,
  source: ReadonlyMap<string, Tensor>,
  tensors: Map<string, Tensor>,
): void {
  const tensor = source.get(name)!;
  if (tensor.dtype === 'I8') {
    throw new RivuletError(
      'invalid-argument',
      `tensor ${show(name)} is int8 already; quantize the float32 model`,
    );
  }
  if (source.has(scaleName(name))) {
    throw new RivuletError(
      'invalid-argument',
      `the model has a tensor ${show(scaleName(name))} of its own; rename it`,
    );
  }
  const { matrix, scale } = quantizeMatrix(name, tensor);
  tensors.set(name, matrix);
  tensors.set(scaleName(name), scale);
}
