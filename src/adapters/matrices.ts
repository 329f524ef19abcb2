import { RivuletError, show } from '../errors.ts';
import type { GraphNode, ModelDefinition } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { kindOf } from '../graph/nodes/table.ts';
import { allNodes } from '../graph/reads.ts';
import type { ResolvedAdapters } from './initial.ts';

/** Which matrices of a model adapters change. */
export interface AdapterPlaces {
  /** Names of recurrent and dense layers (default: all of them). */
  readonly layers?: readonly string[];
  /**
   * `input`: what multiplies the layer's input, of a dense layer its weight; `recurrent`: what multiplies its own state,
   * and the projection of an LSTM; `both` by default.
   */
  readonly matrices?: 'input' | 'recurrent' | 'both';
}

/** Room for the adapters of sessions: of this rank or less, on these matrices or some of them. */
export interface AdapterRoom extends AdapterPlaces {
  /** 1 … 256. */
  readonly rank: number;
}

export interface AdapterOptions extends AdapterRoom {
  /** Of the factor alpha / rank before B A: 2 rank unless given. */
  readonly alpha?: number;
}

/** Larger ones would be no shorter than the matrices of the models that this is for. */
export const MAX_RANK = 256;
/** Of alpha: sane numbers, whose quotient by a rank is a float32. */
export const [MIN_ALPHA, MAX_ALPHA] = [1e-6, 1e6];

/** A matrix that may have an adapter. */
interface Matrix {
  readonly name: string;
  readonly layer: string;
  readonly kind: 'input' | 'recurrent';
}

const ADAPTABLE: readonly GraphNode['type'][] = ['dense', 'rnn', 'lstm', 'gru', 'mingru', 'minlstm'];

/** @throws RivuletError `invalid-argument`, `not-supported`, naming the layer */
export function readRoom(
  room: AdapterRoom,
  definition: ModelDefinition,
): { rank: number; matrices: string[] } {
  return readFields(room, 'options: adapters', 'invalid-argument', (fields) => ({
    rank: fields.integer('rank', 1, MAX_RANK),
    matrices: readPlaces(fields, definition),
  }));
}

/** The names of the layers that have some of these matrices, in the order of the graph. */
export function layersOf(definition: ModelDefinition, matrices: Iterable<string>): string[] {
  const names = new Set(matrices);
  const chosen = matricesOf(definition).filter(({ name }) => names.has(name));
  return [...new Set(chosen.map(({ layer }) => layer))];
}

/** @throws RivuletError as `readRoom` */
export function readAdapters(options: AdapterOptions, definition: ModelDefinition): ResolvedAdapters {
  return readFields(options, 'options: adapters', 'invalid-argument', (fields) => {
    const rank = fields.integer('rank', 1, MAX_RANK);
    const alpha = fields.has('alpha') ? fields.number('alpha', MIN_ALPHA, MAX_ALPHA) : 2 * rank;
    return { rank, alpha, matrices: readPlaces(fields, definition) };
  });
}

/** The names of the chosen matrices, in the order of the graph. @throws RivuletError as `readRoom` */
function readPlaces(fields: Fields, definition: ModelDefinition): string[] {
  const all = matricesOf(definition);
  const layers = new Set(fields.has('layers') ? fields.strings('layers') : all.map(({ layer }) => layer));
  const kinds = fields.has('matrices')
    ? fields.oneOf('matrices', ['input', 'recurrent', 'both'] as const)
    : 'both';
  const known = [...new Set(all.map(({ layer }) => layer))].map(show).join(', ');
  for (const layer of layers) {
    if (all.some((matrix) => matrix.layer === layer)) continue;
    throw new RivuletError(
      'invalid-argument',
      `${fields.place}: layers names ${show(layer)}, which is no recurrent or dense layer; those are ${known || 'none'}`,
    );
  }
  const chosen = all.filter(({ layer, kind }) => layers.has(layer) && (kinds === 'both' || kinds === kind));
  if (chosen.length === 0) {
    throw new RivuletError(
      'invalid-argument',
      `${fields.place}: there is no matrix to adapt: the recurrent and dense layers are ${known || 'none'}` +
        `${kinds === 'both' ? '' : `, and matrices is ${show(kinds)}`}`,
    );
  }
  refuseShared(chosen, definition);
  return chosen.map(({ name }) => name);
}

function matricesOf(definition: ModelDefinition): readonly Matrix[] {
  return allNodes(definition.graph).flatMap((node) => {
    if (!ADAPTABLE.includes(node.type)) return [];
    const roles: Readonly<Record<string, string>> = 'tensors' in node ? { ...node.tensors } : {};
    return kindOf(node)
      .matrices.flatMap((role) => [role, `${role}_reverse`])
      .filter((role) => roles[role] !== undefined)
      .map((role) => ({
        name: roles[role]!,
        layer: node.name,
        kind: /^weight(_ih)?(_reverse)?$/.test(role) ? 'input' : 'recurrent',
      }));
  });
}

/** What an adapter adds belongs to one use of a matrix, and could not be merged into one that has several. */
function refuseShared(chosen: readonly Matrix[], { graph }: ModelDefinition): void {
  const uses = allNodes(graph).flatMap((node) =>
    'tensors' in node ? Object.values<string>({ ...node.tensors }) : [],
  );
  for (const { name, layer } of chosen) {
    if (uses.filter((use) => use === name).length < 2) continue;
    throw new RivuletError(
      'not-supported',
      `layer ${show(layer)}: its tensor ${show(name)} serves elsewhere too, and an adapter belongs to one use: ` +
        'leave the layer out, or give it a copy of the tensor',
    );
  }
}
