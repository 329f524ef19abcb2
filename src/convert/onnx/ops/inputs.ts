/** What operators ask of their inputs. */
import { formatShape } from '../../../graph/tensor.ts';
import type { OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import type { Constant, Stream, Value } from '../value.ts';

/** @throws RivuletError `invalid-file` where it is left out */
export function valueAt({ place, inputs }: OperatorCall, index: number): Value {
  const value = inputs[index];
  if (value) return value;
  throw invalid(place, `its input ${index} is missing`);
}

/** @throws RivuletError `unsupported-operator` where the input is no constant */
export function constantAt(call: OperatorCall, index: number, what: string): Constant {
  const value = valueAt(call, index);
  if (value.kind === 'constant') return value;
  throw unsupported(
    call.place,
    `${what} (its input ${index}) follows from the model's inputs; supported is a constant`,
  );
}

export function optionalConstantAt(call: OperatorCall, index: number, what: string): Constant | undefined {
  return call.inputs[index] === undefined ? undefined : constantAt(call, index, what);
}

/** @throws RivuletError `unsupported-operator` where the input is a constant */
export function streamAt(call: OperatorCall, index: number): Stream {
  const value = valueAt(call, index);
  if (value.kind === 'stream') return value;
  throw unsupported(
    call.place,
    `its input ${index} is a constant; supported is a value that follows from the inputs`,
  );
}

/** The numbers of a constant that says how something is done: the report counts them as used. NaN is the number of timesteps. */
export function numbersAt(call: OperatorCall, index: number, what: string): readonly number[] {
  const constant = constantAt(call, index, what);
  for (const origin of constant.origins) call.emit.used.add(origin);
  return Array.from(constant.data);
}

/** Numbers that are an attribute in old operator sets and an input in later ones; undefined where there is neither. */
export function listOf(call: OperatorCall, index: number, name: string): readonly number[] | undefined {
  const given = call.attributes.ints(name);
  if (given) return given;
  return call.inputs[index] === undefined ? undefined : numbersAt(call, index, name);
}

/** One number, an attribute or an input. */
export function scalarOf(call: OperatorCall, index: number, name: string): number | undefined {
  if (call.attributes.has(name)) return call.attributes.float(name, 0);
  if (call.inputs[index] === undefined) return undefined;
  const numbers = numbersAt(call, index, name);
  if (numbers.length === 1) return numbers[0];
  throw invalid(call.place, `its ${name} has ${numbers.length} values; expected one`);
}

/** @throws RivuletError `unsupported-operator` where an axis is that of time */
export function refuseTime(
  { place }: OperatorCall,
  value: Value,
  axes: readonly number[],
  what: string,
): void {
  if (value.kind === 'constant' || value.time === undefined || !axes.includes(value.time)) return;
  throw unsupported(
    place,
    `it ${what} along axis ${value.time} of ${formatShape(value.shape)}, which is time; supported are the axes of a timestep`,
  );
}
