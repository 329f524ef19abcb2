import { RivuletError, show } from '../../../errors.ts';
import type { LayerArrays } from '../arrays.ts';
import type { Flow, GraphBuilder } from '../builder.ts';
import type { KerasModel } from '../config.ts';
import type { Options } from '../options.ts';

/** What a layer is made of. */
export interface LayerContext {
  readonly className: string;
  /** Of the node; of a layer within a wrapper, the wrapper's. */
  readonly name: string;
  /** `layer "lstm" (LSTM)` */
  readonly place: string;
  readonly options: Options;
  readonly arrays: LayerArrays;
  readonly builder: GraphBuilder;
  readonly version: KerasModel['version'];
  readonly ignoreMasks: boolean;
  /** At least one. */
  readonly inputs: readonly Flow[];
}

/** Adds the nodes of a layer to the graph and returns what it gives. */
export type Layer = (context: LayerContext) => Flow;

/** The one value that most layers read. */
export function inputOf({ inputs, place }: LayerContext): Flow {
  if (inputs.length === 1) return inputs[0]!;
  throw new RivuletError(
    'unsupported-operator',
    `${place}: it reads ${inputs.length} values; supported is one (initial states and masks are no inputs here)`,
  );
}

/**
 * Keras passes over the timesteps of a mask, with all states as they are; a graph passes over none.
 *
 * @param cause what masks, with its value
 * @param timesteps those that are passed over
 * @throws RivuletError `unsupported-operator` unless masks are ignored
 */
export function leaveOutMask(
  { builder, ignoreMasks, place }: LayerContext,
  cause: string,
  timesteps: string,
): void {
  if (ignoreMasks) {
    builder.notes.add(
      `${place}: ${cause} is left out: Keras passes over ${timesteps}, the padding; do not feed them`,
    );
    return;
  }
  throw new RivuletError(
    'unsupported-operator',
    `${place}: ${cause} makes Keras pass over ${timesteps}, the padding, which is not supported; ` +
      'ignoreMasks (--ignore-masks on the command line) takes the mask out: ' +
      'then give sequences without padding, or with their lengths',
  );
}

/** The size of a value that is one vector each timestep. */
export function vectorSize({ frame }: Flow, place: string): number {
  const [size] = frame;
  if (frame.length === 1) return size!;
  throw new RivuletError(
    'unsupported-operator',
    `${place}: it reads [${frame.join(', ')}] each timestep; supported is a vector. Flatten it first`,
  );
}

/** All values of a timestep. */
export function sizeOf({ frame }: Flow): number {
  return frame.reduce((product, size) => product * size, 1);
}

/** Refuses an `axis` that is not the last, the features. */
export function checkLastAxis({ options }: LayerContext, flow: Flow): void {
  const value = options.value('axis');
  const axis = Array.isArray(value) && value.length === 1 ? value[0] : (value ?? -1);
  const rank = 1 + (flow.time === 'each' ? 1 : 0) + flow.frame.length;
  if (axis !== -1 && axis !== rank - 1) throw options.unsupported('axis', value, `-1, the features`);
}

/** Values can meet where Keras has them of the same timesteps. */
export function checkSameTime(flows: readonly Flow[], place: string): void {
  const [first, ...rest] = flows;
  const other = rest.find(({ time, reversed }) => time !== first!.time || reversed !== first!.reversed);
  if (other === undefined) return;
  throw new RivuletError(
    'unsupported-operator',
    `${place}: ${show(first!.from)} and ${show(other.from)} are not of the same timesteps: ` +
      'one is in reverse, or has a value for the whole sequence where the other has one each timestep',
  );
}
