import type { GraphNode, Tensor } from '../graph/definition.ts';
import { kindOf } from '../graph/nodes/table.ts';
import { parseNode } from '../graph/parse.ts';
import { tensorName } from './names.ts';
import type { Application, Origin, Value, Weight } from './value.ts';

/** @internal A node and its tensors by name, in the order of their roles. */
export interface BuiltNode {
  readonly node: GraphNode;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * The node of a layer that was applied, under given names.
 *
 * @param make gives each tensor its values, in their order
 * @throws RivuletError `invalid-graph`, naming the node and the option
 */
export function buildNode(
  application: Application,
  names: ReadonlyMap<Origin, string>,
  make: (weight: Weight) => Tensor,
): BuiltNode {
  const { type, naming, reads, weights, fields, memory, initial } = application;
  const name = names.get(application)!;
  const nameOf = ({ origin }: Value) => names.get(origin)!;
  const tensorOf = naming?.tensor ?? ((role: string) => tensorName(type, name, role));
  const tensors = new Map(weights?.map((weight) => [tensorOf(weight.role), make(weight)]));
  const json = {
    name,
    type,
    ...(kindOf({ name, type }).merges ? { inputs: reads.map(nameOf) } : { input: nameOf(reads[0]!) }),
    ...(weights && { tensors: Object.fromEntries(weights.map(({ role }) => [role, tensorOf(role)])) }),
    ...fields,
    ...(memory && { memory: nameOf(memory) }),
    ...(initial && { initial: namesOfEndings(initial, nameOf) }),
  };
  return { node: parseNode(json, `node ${name}`), tensors };
}

function namesOfEndings(
  initial: NonNullable<Application['initial']>,
  nameOf: (value: Value) => string,
): Readonly<Record<string, string>> {
  const entries = Object.entries(initial).map(([state, ending]) => [
    state,
    ending.kind === 'state' ? `${nameOf(ending.of)}.${ending.name}` : nameOf(ending),
  ]);
  return Object.fromEntries(entries);
}
