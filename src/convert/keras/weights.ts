/** Where the arrays of a layer stand in an HDF5 file: by name (until Keras 2, and .h5 of 3), or by class and number. */
import { RivuletError, show } from '../../errors.ts';
import { ArrayStore, byOwner, type NamedArray, ownersIn } from './arrays.ts';
import { type KerasModel, type KerasTopology, nameWithin } from './config.ts';
import { Hdf5Array, type Hdf5Group } from './hdf5.ts';

/** Keras 3's containers of layers, and that of Keras 2.12 and 2.13. */
const CONTAINERS = ['layers', '_layer_checkpoint_dependencies'];

/** @throws RivuletError `invalid-file`, `missing-tensor`, `unsupported-format` */
export function readStore(root: Hdf5Group, model: KerasModel): ArrayStore {
  const folder = containerIn(root);
  const container = folder === undefined ? undefined : root.findGroup(folder);
  const named = root.findGroup('model_weights') ?? root;
  if (named.strings('layer_names') === undefined && namesOf(named, 'layer_names') === undefined && container)
    return new ArrayStore(readByClass(container, model));
  return new ArrayStore(readByName(named, model));
}

/** The names of the layers that have weights in a file without a model. */
export function weightedLayers(root: Hdf5Group): readonly string[] {
  return namesOf(root.findGroup('model_weights') ?? root, 'layer_names') ?? root.names();
}

function readByName(root: Hdf5Group, model: KerasTopology): ReadonlyMap<string, readonly NamedArray[]> {
  const layers = namesOf(root, 'layer_names');
  if (layers === undefined)
    throw new RivuletError(
      'invalid-file',
      'the HDF5 file has no attribute "layer_names": it is no file of Keras',
    );
  const models = new Map(model.layers.map((layer) => [layer.name, layer.model]));
  return new Map(
    layers.flatMap((layer) => {
      const group = root.findGroup(layer);
      const names = (group && namesOf(group, 'weight_names')) ?? [];
      const arrays = names.map((name) => named(layer, name, group?.find(name)));
      const inner = models.get(layer);
      const whole: readonly (readonly [string, readonly NamedArray[]])[] = [[layer, arrays]];
      return inner ? [...byOwner(arrays, ownersWithin(layer, inner))] : whole;
    }),
  );
}

/** The layers of a model within the model, by what their arrays are called behind its name. */
function ownersWithin(name: string, model: KerasTopology) {
  const ownerOf = ownersIn(model, (layer) => nameWithin(name, layer));
  return ([, ...parts]: readonly string[]) => ownerOf(parts) ?? `${name}: of no layer`;
}

function named(layer: string, weight: string, array: unknown): NamedArray {
  const name = weight.startsWith(`${layer}/`) ? weight : `${layer}/${weight}`;
  if (array instanceof Hdf5Array) return { name, shape: array.shape, read: () => array.read() };
  throw new RivuletError(
    'missing-tensor',
    `layer ${show(layer)}: the file names ${show(weight)}, but has no such array`,
  );
}

/** An attribute of names; a long one is in parts, `weight_names0`, `weight_names1` … */
function namesOf(group: Hdf5Group, attribute: string): readonly string[] | undefined {
  const whole = group.strings(attribute);
  if (whole) return whole;
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const part = group.strings(`${attribute}${i}`);
    if (part === undefined) return i === 0 ? undefined : parts;
    parts.push(...part);
  }
}

/** The name of the group that holds the layers of a model. */
function containerIn(group: Hdf5Group): string | undefined {
  return CONTAINERS.find((name) => group.findGroup(name));
}

/** Keras 3 numbers the layers of each class, in the order of the model; a model within it has a container of its own. */
function readByClass(
  container: Hdf5Group,
  { layers }: KerasTopology,
  path = '',
  nameOf = (layer: string) => layer,
): ReadonlyMap<string, readonly NamedArray[]> {
  const counts = new Map<string, number>();
  const result = new Map<string, readonly NamedArray[]>();
  const known = new Set<string>();
  for (const { className, name, model } of layers) {
    const kind = snakeCase(className);
    const number = counts.get(kind) ?? 0;
    counts.set(kind, number + 1);
    const key = number === 0 ? kind : `${kind}_${number}`;
    known.add(key);
    const group = container.findGroup(key);
    if (group === undefined) continue;
    const whole = nameOf(name);
    const arrays = arraysOf(group, `${path}${key}`);
    const within = model && containerIn(group);
    if (within === undefined) {
      result.set(whole, arrays);
      continue;
    }
    const inner = `${path}${key}/${within}/`;
    const layersOf = readByClass(group.findGroup(within)!, model!, inner, (layer) =>
      nameWithin(whole, layer),
    );
    for (const [layer, its] of layersOf) result.set(layer, its);
    result.set(
      `${whole} of no layer`,
      arrays.filter((array) => !array.name.startsWith(inner)),
    );
  }
  for (const name of container.names()) {
    const group = known.has(name) ? undefined : container.findGroup(name);
    if (group) result.set(`${path}${name} of no layer`, arraysOf(group, `${path}${name}`));
  }
  return result;
}

function arraysOf(group: Hdf5Group, key: string): readonly NamedArray[] {
  const found = group
    .arrays()
    // The states of random generators, of dropout.
    .filter(([path]) => !path.split('/').includes('seed_generator'))
    .map(([path, array]) => ({ name: `${key}/${path}`, shape: array.shape, read: () => array.read() }));
  return found.sort((a, b) => compare(a.name, b.name));
}

/** `vars/2` stands before `vars/10`. */
function compare(a: string, b: string): number {
  const [folderA, folderB] = [a, b].map((name) => name.slice(0, name.lastIndexOf('/')));
  if (folderA !== folderB) return folderA! < folderB! ? -1 : 1;
  return Number(a.slice(folderA!.length + 1)) - Number(b.slice(folderB!.length + 1));
}

/** As keras.src.utils.naming has it: SimpleRNN is simple_rnn, Conv1D is conv1d. */
function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
